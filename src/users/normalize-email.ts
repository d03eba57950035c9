import { toUtf8 } from "../platform/bytes.ts"
import { decodePunycode } from "./punycode.ts"

// RFC 5321, 4.5.3.1.3, without the angle brackets.
const maxBytes = 254
const maxLabelLength = 63

// Of ASCII what needs no quotes (RFC 5322, atext and dots); of everything else what can be seen.
const localPart = /^[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}"(),:;<>@[\\\]]+$/u
const domainLabel = /^(?!-)(?:[A-Za-z0-9-]|[^\0-\x7f])+(?<!-)$/u
// The characters that NFC turns into ASCII: a Kelvin sign, a Greek question mark, and a Greek accent.
const foldsIntoAscii = /[\u212A\u037E\u1FEF]/

/**
 * Brings an e-mail address into the one form under which it is stored and looked up, or returns `null` if it is not an
 * address: one ASCII `@`, NFC, ASCII letters in lower case, and the domain in A-labels (RFC 5890), at most 254 bytes.
 *
 * No letter is folded into another: `straße.de` and `strasse.de` are two domains, and a dotless `ı` is not an `i`. A
 * domain that IDNA maps to another one, such as `ſhop.com`, or one with invisible characters, is `null`. So are IP
 * addresses, quoted local parts and a dot at the end.
 *
 * Send mail to the address in the user's row, never to what a visitor typed, and never to the key.
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
  // A last label of digits makes it an IPv4 address.
  if (host?.length !== labels.length || /^\d+$/.test(host.at(-1) ?? "")) return null
  return host.every((aLabel, n) => isSameLabel(aLabel, labels[n] ?? "")) ? host.join(".") : null
}

// Every runtime has this much of IDNA (UTS #46).
function hostOf(domain: string): string | null {
  try {
    return new URL(`https://${domain}`).hostname
  } catch {
    return null
  }
}

/** Returns whether IDNA has changed nothing of a label but its case. */
function isSameLabel(aLabel: string, label: string): boolean {
  if (aLabel.length > maxLabelLength) return false
  const isAscii = /^[\0-\x7f]+$/.test(label)
  if (isAscii || !aLabel.startsWith("xn--")) return isAscii && aLabel === label.toLowerCase()
  // Letter by letter, because JavaScript's lower case of a sigma depends on what stands next to it.
  return decodePunycode(aLabel.slice(4)) === Array.from(label, lowerCase).join("").normalize("NFC")
}

function lowerCase(letter: string): string {
  return letter.toLowerCase()
}
