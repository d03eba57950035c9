import type { Metadata } from "next"

export const metadata: Metadata = { title: "Not found" }

export default function NotFoundPage() {
  return (
    <>
      <h1>Not found</h1>
      <p>There is no page at this address.</p>
    </>
  )
}
