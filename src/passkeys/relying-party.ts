import { checkOption } from "../core/options.ts"

/** Checks for which site passkeys are, and on which pages they are used. Throws `invalid_option`. */
export function checkRelyingParty(rpId: string, rpName: string, origins: readonly string[]): void {
  checkOption("rpId", rpId, isDomain(rpId), 'is not a domain; use one such as "example.com"')
  checkOption("rpName", rpName, typeof rpName === "string" && rpName !== "", "is not a name; use that of your site")
  const isList = Array.isArray(origins) && origins.length > 0
  checkOption("origins", origins, isList, `is not a list of origins; use ["https://${rpId}"]`)
  for (const origin of origins) {
    const isOn = /^android:apk-key-hash:[\w-]{43}$/.test(origin) || `.${hostOf(origin) ?? ""}`.endsWith(`.${rpId}`)
    checkOption("origins", origin, isOn, `is not an origin on rpId "${rpId}"; use one such as "https://${rpId}"`)
  }
}

/** Returns whether text is a host name without a port. Browsers do not take an IP address. */
function isDomain(rpId: string): boolean {
  return hostOf(`https://${rpId}`) === rpId && !/^\[|\.\d+$/.test(rpId)
}

/** Returns the host name of an origin; `null` unless browsers offer passkeys there, and send it spelled like this. */
function hostOf(text: string): string | null {
  if (!URL.canParse(text)) return null
  const { protocol, hostname, origin } = new URL(text)
  const isSecure = protocol === "https:" || (protocol === "http:" && /(^|\.)localhost$/.test(hostname))
  return isSecure && origin === text && !hostname.includes("*") ? hostname : null
}
