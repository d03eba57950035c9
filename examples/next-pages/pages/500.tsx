import { Layout } from "../components/layout"

export default function Failed() {
  return (
    <Layout title="Back soon" isStatic>
      <p>Something is out of order. Try again shortly.</p>
    </Layout>
  )
}
