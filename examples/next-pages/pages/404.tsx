import Link from "next/link"
import { Layout } from "../components/layout"

export default function NotFound() {
  return (
    <Layout title="Not found" isStatic>
      <p>There is no page at this address.</p>
      <p>
        <Link href="/">Go to the front page</Link>
      </p>
    </Layout>
  )
}
