import { Layout } from "../components/layout"

export default function NotFound() {
  return (
    <Layout title="Not found" isStatic>
      <p>There is no page at this address.</p>
    </Layout>
  )
}
