import { checkOption } from "../core/options.ts"

/** Throws `invalid_option` for a name that authenticator apps would cut in two. */
export function checkIssuer(issuer: string): void {
  const isName = typeof issuer === "string" && /\S/.test(issuer) && !issuer.includes(":")
  checkOption("issuer", issuer, isName, 'is not a name; use the name of your site without a colon, such as "Example"')
}

/** Writes the key URI that authenticator apps read from a QR code: SHA-1, 6 digits and 30 seconds are its defaults. */
export function keyUri(issuer: string, account: string, secret: string): string {
  const site = escape(issuer)
  return `otpauth://totp/${site}:${escape(account)}?secret=${secret}&issuer=${site}`
}

// A half of a surrogate pair, which user names may have, cannot be encoded.
function escape(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, "\uFFFD"))
}
