import { fromBase64, toBase64 } from "../platform/encoding.ts"

/** The cost parameters of an algorithm, named as in its PHC strings. */
export type Cost<Name extends string> = Record<Name, number>

/** The format of an algorithm's hashes. */
export interface PhcFormat<Name extends string> {
  /** The text before the cost, such as `argon2id$v=19`. */
  prefix: string
  /** The cost parameters, in the order in which they are written. */
  names: readonly Name[]
}

/** A parsed hash. */
export interface PhcHash<Name extends string> {
  cost: Cost<Name>
  salt: Uint8Array
  key: Uint8Array
}

const maxLength = 512

/** Formats a hash as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>`, base64 without padding. */
export function formatPhc<Name extends string>(
  { prefix, names }: PhcFormat<Name>,
  { cost, salt, key }: PhcHash<Name>,
): string {
  const parameters = names.map((name) => `${name}=${cost[name]}`).join(",")
  return `$${prefix}$${parameters}$${toBase64(salt)}$${toBase64(key)}`
}

/**
 * Creates the parser of a format. It returns `null` for anything that {@link formatPhc} would not write, byte for byte.
 * Salts must have 8 to 48 bytes, and keys 16 to 64, in multiples of eight. A shorter key is the start of a longer one,
 * so a key that was cut off in storage would still match the password.
 */
export function createPhcReader<Name extends string>(format: PhcFormat<Name>): (text: unknown) => PhcHash<Name> | null {
  const cost = format.names.map((name) => `${name}=([1-9]\\d{0,9})`).join(",")
  const prefix = format.prefix.replaceAll("$", "\\$")
  const pattern = new RegExp(`^\\$${prefix}\\$${cost}\\$([A-Za-z0-9+/]{11,64})\\$([A-Za-z0-9+/]{22,86})$`)

  return (text) => {
    if (typeof text !== "string" || text.length > maxLength) return null
    const fields = pattern.exec(text)?.slice(1)
    if (!fields) return null
    const [salt, key] = fields.slice(-2).map(decodeBase64)
    return salt && key && key.length % 8 === 0 ? { cost: readCost(format.names, fields), salt, key } : null
  }
}

function readCost<Name extends string>(names: readonly Name[], fields: string[]): Cost<Name> {
  // The pattern has one number for each name.
  return Object.fromEntries(names.map((name, index) => [name, Number(fields[index])])) as Cost<Name>
}

// The last character has unused bits. Only the spelling with zeros there is accepted.
function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null
  const bytes = fromBase64(text)
  return toBase64(bytes) === text ? bytes : null
}
