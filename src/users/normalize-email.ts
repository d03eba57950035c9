import { toUtf8 } from "../platform/bytes.ts"
import { decodePunycode } from "./punycode.ts"

// RFC 5321, 4.5.3.1.3, without the angle brackets.
const maxBytes = 254
const maxLabelLength = 63

// ASCII characters that need no quotes (RFC 5322, atext and dots), and all visible characters beyond ASCII.
const localPart = /^[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}"(),:;<>@[\\\]]+$/u
const domainLabel = /^(?!-)(?:[A-Za-z0-9-]|[^\0-\x7f])+(?<!-)$/u
// Characters that NFC turns into ASCII: the Kelvin sign, the Greek question mark and a Greek accent.
const foldsIntoAscii = /[\u212A\u037E\u1FEF]/

/**
 * Normalises an e-mail address to the form that is stored and looked up, or returns `null` if it is invalid. The result
 * has one ASCII `@`, NFC text, ASCII letters in lower case, a domain in A-labels (RFC 5890), and at most 254 bytes.
 *
 * No letter is folded into another: `straße.de` and `strasse.de` are two domains, and a dotless `ı` is not an `i`. A
 * domain is `null` if IDNA maps it to another one, such as `ſhop.com`, or if it has invisible characters. IP addresses,
 * quoted local parts and a trailing dot are also `null`.
 *
 * Send mail to the address in the user's row, never to the text that a visitor typed, and never to the key.
 *
 * @example
 * normalizeEmail("Ada@Fußball.de") // "ada@xn--fuball-cta.de"
 */
export function normalizeEmail(email: unknown): string | null {
  if (typeof email !== "string" || email.length > maxBytes || foldsIntoAscii.test(email)) return null
  const [local = "", domain = "", ...more] = email
    .replace(/^ +| +$/g, "")
    .normalize("NFC")
    .split("@")
  const host = localPart.test(local) && more.length === 0 ? toALabels(domain) : null
  if (host === null) return null
  const address = `${local.replace(/[A-Z]/g, lowerCase)}@${host}`
  return toUtf8(address).length > maxBytes ? null : address
}

function toALabels(domain: string): string | null {
  const labels = domain.split(".")
  if (!labels.every((label) => domainLabel.test(label))) return null
  const host = hostOf(domain)?.split(".")
  // A last label of only digits makes the host an IPv4 address.
  if (host?.length !== labels.length || /^\d+$/.test(host.at(-1) ?? "")) return null
  return host.every((aLabel, n) => isSameLabel(aLabel, labels[n] ?? "")) ? host.join(".") : null
}

// Uses the part of IDNA (UTS #46) that every runtime has.
function hostOf(domain: string): string | null {
  try {
    return new URL(`https://${domain}`).hostname
  } catch {
    return null
  }
}

/** Returns whether IDNA changed nothing in a label but its case. */
function isSameLabel(aLabel: string, label: string): boolean {
  if (aLabel.length > maxLabelLength) return false
  const isAscii = /^[\0-\x7f]+$/.test(label)
  if (isAscii || !aLabel.startsWith("xn--")) return isAscii && aLabel === label.toLowerCase()
  // Letter by letter, because JavaScript's lower case of a sigma depends on its neighbours.
  return decodePunycode(aLabel.slice(4)) === Array.from(label, lowerCase).join("").normalize("NFC")
}

function lowerCase(letter: string): string {
  return letter.toLowerCase()
}
