import { createAuthProxy } from "nightlatch/next/proxy"
import { cookie } from "@/lib/cookie"
import { snapshots } from "@/lib/snapshots"

// A short cut for visitors without a session cookie and for members on their way to the admins' page, and the guard against
// cross-origin requests. It asks no database. What is private is protected where it is read: in lib/dal.ts, by the actions
// and by the route handlers.
export const proxy = createAuthProxy({
  cookie,
  publicPaths: ["/", "/sign-up", "/api"],
  signInPath: "/sign-in",
  snapshots,
  authorize: ({ claims }, path) => path.split("/")[1] !== "admin" || claims.role === "admin",
  forbiddenPath: "/forbidden",
})

export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" }
