import { createCborReader } from "../../src/passkeys/cbor.ts"
import type { Cbor } from "../../src/passkeys/cbor.ts"

/** What the authenticator of the tests writes. */
export type Item = number | string | boolean | null | Uint8Array | Item[] | Map<number | string, Item>

/** Writes CBOR with definite lengths (RFC 8949). */
export function writeCbor(item: Item): Uint8Array<ArrayBuffer> {
  if (typeof item === "number") return item < 0 ? head(1, -1 - item) : head(0, item)
  if (typeof item === "string") return joined(head(3, Buffer.byteLength(item)), Buffer.from(item))
  if (item instanceof Uint8Array) return joined(head(2, item.length), item)
  if (Array.isArray(item)) return joined(head(4, item.length), ...item.map(writeCbor))
  if (item instanceof Map) return joined(head(5, item.size), ...[...item].flat().map(writeCbor))
  return Uint8Array.of(item === null ? 0xf6 : item ? 0xf5 : 0xf4)
}

/** Writes the head of an item: its type and how long it is. */
export function head(type: number, argument: number): Uint8Array<ArrayBuffer> {
  const first = type << 5
  if (argument < 24) return Uint8Array.of(first | argument)
  if (argument < 256) return Uint8Array.of(first | 24, argument)
  if (argument < 65_536) return Uint8Array.of(first | 25, argument >> 8, argument & 255)
  const wide = new Uint8Array(5)
  wide[0] = first | 26
  new DataView(wide.buffer).setUint32(1, argument)
  return wide
}

/** Joins bytes into one array. */
export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts))
}

/** Reads an item with the reader of the library; `undefined` if it refuses the bytes, which throws nothing but a `TypeError`. */
export function readCbor(bytes: Uint8Array): Cbor | undefined {
  try {
    return createCborReader(new Uint8Array(bytes)).read()
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
