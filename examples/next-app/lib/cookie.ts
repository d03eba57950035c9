import type { CookieOptions } from "nightlatch"

/** A separate file, because the proxy needs it too and must not open the database. */
export const cookie: CookieOptions = {
  // Safari drops Secure cookies on http://localhost.
  secure: process.env.NODE_ENV === "production",
}
