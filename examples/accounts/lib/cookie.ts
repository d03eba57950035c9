import type { CookieOptions } from "nightlatch"

/** A file of its own, because the proxy needs it too and must not open the database. */
export const cookie: CookieOptions = {
  // Safari drops Secure cookies on http://localhost.
  secure: process.env.NODE_ENV === "production",
}

/** Where browsers bind their sessions: `app/auth/device/route.ts`. Here for the same reason. */
export const devicePath = "/auth/device"
