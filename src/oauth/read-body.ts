import { joinBytes } from "../platform/bytes.ts"

/** Reads a body of at most `maxBytes` bytes. `null` for a longer one, of which no more is read. */
export async function readBody(
  { body }: Request | Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (!body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  const reader = body.getReader()
  for (let left = maxBytes; left >= 0;) {
    const { done, value } = await reader.read()
    if (done) return joinBytes(...chunks)
    left -= value.length
    chunks.push(value)
  }
  await reader.cancel()
  return null
}
