import { joinBytes } from "../platform/bytes.ts"

/** Reads a body of at most `maxBytes` bytes. `null` for a longer one: the rest is not read. */
export async function readBody(
  { body }: Request | Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = []
  let left = maxBytes
  // Leaving the loop cancels the stream.
  for await (const chunk of body ?? []) {
    left -= chunk.length
    if (left < 0) return null
    chunks.push(chunk)
  }
  return joinBytes(...chunks)
}
