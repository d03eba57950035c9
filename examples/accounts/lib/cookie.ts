import type { CookieOptions } from "nightlatch"

/** In a separate file, because the proxy also needs it and must not open the database. */
export const cookie: CookieOptions = {
  // Safari drops Secure cookies on http://localhost.
  secure: process.env.NODE_ENV === "production",
}

/** The path where browsers bind their sessions: `app/auth/device/route.ts`. Here for the same reason. */
export const devicePath = "/auth/device"
