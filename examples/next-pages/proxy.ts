import { createAuthProxy } from "nightlatch/next/proxy"
import { cookie } from "./lib/cookie"

// It refuses cross-origin requests and saves strangers a detour. It protects nothing: the pages and the API routes do.
export const proxy = createAuthProxy({ cookie, publicPaths: ["/", "/sign-up", "/api"], signInPath: "/sign-in" })

export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" }
