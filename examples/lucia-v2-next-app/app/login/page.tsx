import { getPageSession } from "@/auth/lucia"
import Form from "@/components/form"
import Link from "next/link"
import { redirect } from "next/navigation"

export const metadata = { title: "Sign in" }

const Page = async () => {
  const session = await getPageSession()
  if (session) redirect("/")
  return (
    <>
      <h1>Sign in</h1>
      <Form action="/api/login">
        <label htmlFor="username">Username</label>
        <input name="username" id="username" autoComplete="username" autoCapitalize="none" />
        <label htmlFor="password">Password</label>
        <input type="password" name="password" id="password" autoComplete="current-password" />
        <input type="submit" value="Sign in" />
      </Form>
      <Link href="/signup">Create an account</Link>
    </>
  )
}

export default Page
