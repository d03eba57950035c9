import { checkOption } from "../core/options.ts"

/** Checks for which site passkeys are, and on which pages they are used. Throws `invalid_option`. */
export function checkRelyingParty(rpId: string, rpName: string, origins: readonly string[]): void {
  checkOption("rpId", rpId, isDomain(rpId), 'is not a domain; use one such as "example.com"')
  checkOption("rpName", rpName, typeof rpName === "string" && rpName !== "", "is not a name; use that of your site")
  const isList = Array.isArray(origins) && origins.length > 0
  checkOption("origins", origins, isList, 'is not a list of origins; use one such as ["https://example.com"]')
  for (const origin of origins) {
    const isOrigin = isAndroid.test(origin) || isSecureOrigin(origin)
    checkOption("origins", origin, isOrigin, 'is not an origin; use one such as "https://example.com"')
    const isOn = isAndroid.test(origin) || `.${new URL(origin).hostname}`.endsWith(`.${rpId}`)
    checkOption("origins", origin, isOn, `is not on rpId "${rpId}"; use an rpId that all origins end with`)
  }
}

const isAndroid = /^android:apk-key-hash:[\w-]{43}$/

function isDomain(text: unknown): boolean {
  const address = `https://${String(text)}`
  return typeof text === "string" && URL.canParse(address) && new URL(address).hostname === text && !noDomain.test(text)
}

// Browsers take neither an IP address nor a pattern as an id.
const noDomain = /^\[|\*|\.\d+$/

/** Returns whether browsers offer passkeys there, and send it spelled like this. */
function isSecureOrigin(text: string): boolean {
  if (!URL.canParse(text) || text.includes("*")) return false
  const { protocol, hostname, origin } = new URL(text)
  return origin === text && (protocol === "https:" || (protocol === "http:" && /(^|\.)localhost$/.test(hostname)))
}
