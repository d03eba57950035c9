/** Where the site is, from configuration: the request's `Host` is what anyone has written there. */
export const site = new URL(process.env.SITE_URL || "http://localhost:3000")

/** What authenticator apps and browsers show. */
export const siteName = "Nightlatch example"
