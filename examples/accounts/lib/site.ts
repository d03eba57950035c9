/** The site's origin, from configuration, because anyone can set the request's `Host`. */
export const site = new URL(process.env.SITE_URL || "http://localhost:3000")

/** The name that authenticator apps and browsers show. */
export const siteName = "Nightlatch example"
