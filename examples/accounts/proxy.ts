import { createAuthProxy } from "nightlatch/next/proxy"
import { NextResponse } from "next/server"
import type { NextRequest } from "next/server"
import { cookie, devicePath } from "@/lib/cookie"
import { providerChoices } from "@/lib/providers"

// A short cut for visitors without a session cookie, and the guard against cross-origin requests. It asks no database. What
// is private is protected where it is read: in lib/dal.ts, by the pages and by the actions.
const guard = createAuthProxy({
  cookie,
  publicPaths: [
    "/",
    "/sign-up",
    "/forgot-password",
    "/reset-password",
    "/account/email/confirm",
    "/account/email/done",
    "/mailbox",
    "/oauth",
  ],
  signInPath: "/sign-in",
  device: { path: devicePath },
})

// Without JavaScript a form's answer sends the visitor on to the provider, which "form-action" forbids to other sites. At
// run time, because a build does not know the variables.
const formAction = ["'self'", ...providerChoices.map(({ issuer }) => new URL(issuer).origin)].join(" ")
const policy = `frame-ancestors 'none'; base-uri 'none'; form-action ${formAction}; object-src 'none'`

export function proxy(request: NextRequest): Response {
  const response = guard(request) ?? NextResponse.next()
  response.headers.set("Content-Security-Policy", policy)
  return response
}

export const config = { matcher: "/((?!_next/static|_next/image|favicon.ico).*)" }
