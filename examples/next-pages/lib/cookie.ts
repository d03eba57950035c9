/** The cookie's options, in a file of their own: the proxy needs them too, and must not open the database. */
// Safari keeps no Secure cookie on http://localhost.
export const cookie = { secure: process.env.NODE_ENV === "production" }
