/** What CBOR holds, as far as passkeys need it: booleans, `null` and floats all read as `null`. */
export type Cbor = number | string | null | Uint8Array<ArrayBuffer> | Cbor[] | CborMap

/** A map of CBOR. */
export type CborMap = Map<number | string, Cbor>

/** Reads items of CBOR, one behind the other. */
export interface CborReader {
  /** Reads the next item; `undefined` for what is malformed, and for what no authenticator sends. */
  read(depth?: number): Cbor | undefined
  /** Reads so many bytes as they are; `undefined` if there are fewer. */
  take(length: number): Uint8Array<ArrayBuffer> | undefined
  isAtEnd(): boolean
}

// Attestation statements that hold others need five.
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
    return at > bytes.length ? undefined : taken
  }

  function read(depth = 0): Cbor | undefined {
    const head = take(1)?.[0]
    if (head === undefined || depth > maxDepth) return undefined
    const argument = readArgument(head & 31)
    return argument === undefined ? undefined : readItem(head >> 5, argument, depth + 1)
  }

  /** A number over 2^53 is rounded: as a length it is too long either way. */
  function readArgument(info: number): number | undefined {
    if (info < 24) return info
    if (info > 27) return undefined
    return take(2 ** (info - 24))?.reduce((sum, byte) => sum * 256 + byte, 0)
  }

  function readItem(type: number, argument: number, depth: number): Cbor | undefined {
    if (type === 0) return argument
    if (type === 1) return -1 - argument
    if (type === 2) return take(argument)
    if (type === 3) return textOf(take(argument))
    if (type === 4) return readArray(argument, depth)
    if (type === 5) return readMap(argument, depth)
    return type === 7 ? null : undefined
  }

  function readArray(length: number, depth: number): Cbor[] | undefined {
    const items: Cbor[] = []
    while (items.length < length) {
      const item = read(depth)
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }

  function readMap(size: number, depth: number): CborMap | undefined {
    const map: CborMap = new Map()
    while (map.size < size) {
      const [key, value] = [read(depth), read(depth)]
      const isKey = typeof key === "number" || typeof key === "string"
      if (!isKey || map.has(key) || value === undefined) return undefined
      map.set(key, value)
    }
    return map
  }

  return { read, take, isAtEnd: () => at === bytes.length }
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes && decoder.decode(bytes)
  } catch {
    return undefined
  }
}
