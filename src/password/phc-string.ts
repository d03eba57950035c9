import { fromBase64, toBase64 } from "../platform/encoding.ts"

/** The cost parameters of an algorithm, under the names they have in its PHC strings. */
export type Cost<Name extends string> = Record<Name, number>

/** How the hashes of one algorithm are written. */
export interface PhcFormat<Name extends string> {
  /** What comes before the cost, such as `argon2id$v=19`. */
  prefix: string
  /** The cost parameters, in the order in which they are written. */
  names: readonly Name[]
}

/** A hash that was read. */
export interface PhcHash<Name extends string> {
  cost: Cost<Name>
  salt: Uint8Array
  key: Uint8Array
}

const maxLength = 512

/** Writes a hash as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>`, base64 without padding. */
export function formatPhc<Name extends string>(
  { prefix, names }: PhcFormat<Name>,
  { cost, salt, key }: PhcHash<Name>,
): string {
  const parameters = names.map((name) => `${name}=${cost[name]}`).join(",")
  return `$${prefix}$${parameters}$${toBase64(salt)}$${toBase64(key)}`
}

/**
 * Makes the reader of a format: `null` for whatever {@link formatPhc} would not write, to the byte, for salts outside 8 to
 * 48 bytes, and for keys outside 16 to 64 or in no whole eights. A shorter key is the beginning of a longer one, so one
 * that lost its end in storage would still fit the password.
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

// The last character has bits to spare; only the spelling with zeros there is accepted.
function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null
  const bytes = fromBase64(text)
  return toBase64(bytes) === text ? bytes : null
}
