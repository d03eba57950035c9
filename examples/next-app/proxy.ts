import { createAuthProxy } from "nightlatch/next/proxy"
import { cookie } from "@/lib/cookie"

// A short cut for visitors without a session cookie, and the guard against cross-site requests. What is private is
// protected where it is read: in lib/dal.ts, by the actions and by the route handlers.
export const proxy = createAuthProxy({
  cookie,
  publicPaths: ["/", "/sign-up", "/api", "/icon.svg"],
  signInPath: "/sign-in",
})

export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" }
