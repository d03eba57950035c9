import { createAuthProxy } from "nightlatch/next/proxy"
import { auth } from "@/lib/sessions"

// The guard against cross-origin requests, a short cut to the sign-in page, and what seals sessions anew: Server Components
// cannot set cookies. What is private is protected where it is read: in lib/dal.ts, by the actions and route handlers.
export const proxy = createAuthProxy({
  auth,
  publicPaths: ["/", "/sign-up", "/api"],
  signInPath: "/sign-in",
})

export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" }
