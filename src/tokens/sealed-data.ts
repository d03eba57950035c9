import { toUtf8 } from "../platform/bytes.ts"
import { hashText } from "../platform/crypto.ts"
import { fromBase64, fromHex, toBase64 } from "../platform/encoding.ts"

/** The id under which a store keeps a token: a token of one purpose is never found as another's. */
export function tokenId(purpose: string, token: string): string {
  return hashText(`${purpose}\0${token}`)
}

/** Encrypts data so that only the token opens it. Of the token a store has only a hash. Empty data stays empty. */
export async function sealData(purpose: string, token: string, data: string): Promise<string> {
  return data && toBase64(await apply("encrypt", purpose, token, toUtf8(data)))
}

/** Decrypts what {@link sealData} made; `null` if it was made of another token or has changed since. */
export async function openData(purpose: string, token: string, sealed: string): Promise<string | null> {
  try {
    return sealed && new TextDecoder().decode(await apply("decrypt", purpose, token, fromBase64(sealed)))
  } catch {
    return null
  }
}

async function apply(cipher: "encrypt" | "decrypt", purpose: string, token: string, data: Uint8Array<ArrayBuffer>) {
  const { subtle } = crypto
  // A hash is a sound key, because the token is random. No purpose starts with a zero byte, so the key is no id.
  const bytes = fromHex(hashText(`\0${purpose}\0${token}`))
  const key = await subtle.importKey("raw", bytes, "AES-GCM", false, [cipher])
  // A nonce of zeros: each key is made of a new token, and encrypts once.
  return new Uint8Array(await subtle[cipher]({ name: "AES-GCM", iv: new Uint8Array(12) }, key, data))
}
