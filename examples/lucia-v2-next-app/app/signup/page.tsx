import { getPageSession } from "@/auth/lucia"
import Form from "@/components/form"
import Link from "next/link"
import { redirect } from "next/navigation"

export const metadata = { title: "Sign up" }

const Page = async () => {
  const session = await getPageSession()
  if (session) redirect("/")
  return (
    <>
      <h1>Sign up</h1>
      <Form action="/api/signup">
        <label htmlFor="username">Username</label>
        <input name="username" id="username" autoComplete="username" autoCapitalize="none" />
        <label htmlFor="password">Password</label>
        <input type="password" name="password" id="password" autoComplete="new-password" />
        <input type="submit" value="Sign up" />
      </Form>
      <Link href="/login">Sign in</Link>
    </>
  )
}

export default Page
