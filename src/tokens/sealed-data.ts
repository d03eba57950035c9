import { toUtf8 } from "../platform/bytes.ts"
import { hashText } from "../platform/crypto.ts"
import { fromBase64, fromHex, toBase64 } from "../platform/encoding.ts"

/** Returns the id under which a store keeps a token. A token of one purpose is never found under another. */
export function tokenId(purpose: string, token: string): string {
  return hashText(`${purpose}\0${token}`)
}

/** Encrypts data so that only the token opens it. The store has only a hash of the token. Empty data stays empty. */
export async function sealData(purpose: string, token: string, data: string): Promise<string> {
  return data && toBase64(await apply("encrypt", purpose, token, toUtf8(data)))
}

/** Decrypts data from {@link sealData}. Returns `null` if the token does not match or the data was changed. */
export async function openData(purpose: string, token: string, sealed: string): Promise<string | null> {
  try {
    return sealed && new TextDecoder().decode(await apply("decrypt", purpose, token, fromBase64(sealed)))
  } catch {
    return null
  }
}

async function apply(cipher: "encrypt" | "decrypt", purpose: string, token: string, data: Uint8Array<ArrayBuffer>) {
  const { subtle } = crypto
  // A hash is a safe key, because the token is random. No purpose starts with a zero byte, so the key differs from the
  // id.
  const bytes = fromHex(hashText(`\0${purpose}\0${token}`))
  const key = await subtle.importKey("raw", bytes, "AES-GCM", false, [cipher])
  // A nonce of zeros is safe: each key comes from a new token and encrypts only once.
  return new Uint8Array(await subtle[cipher]({ name: "AES-GCM", iv: new Uint8Array(12) }, key, data))
}
