import { ensure } from "./well-formed.ts"

/** What CBOR holds, as far as passkeys need it: booleans, `null` and floats all read as `null`. */
export type Cbor = number | string | null | Uint8Array<ArrayBuffer> | Cbor[] | CborMap

/** A map of CBOR. */
export type CborMap = Map<number | string, Cbor>

/** Reads bytes from front to back. All methods but `isAtEnd` throw for malformed bytes, and for what no authenticator sends. */
export interface CborReader {
  /** Reads the next item. */
  read(depth?: number): Cbor
  /** Reads an unsigned number of so many bytes. One over 2^53 is rounded. */
  readNumber(length: number): number
  /** Reads so many bytes as they are. */
  take(length: number): Uint8Array<ArrayBuffer>
  isAtEnd(): boolean
}

// Attestation statements that contain others need five.
const maxDepth = 8

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * Reads CBOR (RFC 8949) in the form that authenticators must send (CTAP 2.1, section 8): without tags and indefinite lengths,
 * and no key of a map twice. The order of keys is not checked, because authenticators get it wrong.
 */
export function createCborReader(bytes: Uint8Array<ArrayBuffer>): CborReader {
  let at = 0

  function take(length: number) {
    const taken = bytes.subarray(at, at + length)
    at += length
    ensure(at <= bytes.length)
    return taken
  }

  function readNumber(length: number): number {
    return take(length).reduce((sum, byte) => sum * 256 + byte, 0)
  }

  function read(depth = 0): Cbor {
    ensure(depth <= maxDepth)
    const head = readNumber(1)
    const info = head & 31
    ensure(info < 28)
    return readItem(head >> 5, info < 24 ? info : readNumber(2 ** (info - 24)), () => read(depth + 1))
  }

  function readItem(type: number, argument: number, readInner: () => Cbor): Cbor {
    if (type === 0) return argument
    if (type === 1) return -1 - argument
    if (type === 2) return take(argument)
    if (type === 3) return decoder.decode(take(argument))
    if (type === 4) return times(argument, readInner)
    if (type === 5) return toMap(times(argument, () => [readInner(), readInner()]))
    ensure(type === 7)
    return null
  }

  return { read, readNumber, take, isAtEnd: () => at === bytes.length }
}

/** Not `Array.from`, which reserves memory for a length that a visitor invented. */
function times<Item>(length: number, read: () => Item): Item[] {
  const items: Item[] = []
  while (items.length < length) items.push(read())
  return items
}

function toMap(entries: [Cbor, Cbor][]): CborMap {
  const map = new Map(entries)
  ensure(map.size === entries.length && entries.every(([key]) => typeof key === "number" || typeof key === "string"))
  return map as CborMap
}

/** Returns a value if it is a map, and throws otherwise. */
export function mapOf(value: Cbor | undefined): CborMap {
  ensure(value instanceof Map)
  return value
}
