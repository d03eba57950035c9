import type { UserId } from "../core/ports.ts"
import { createEnvelope } from "../envelope/envelope.ts"
import type { Secret } from "../envelope/secrets.ts"
import { joinBytes, randomBytes, toUtf8 } from "../platform/bytes.ts"
import { hashText } from "../platform/crypto.ts"
import { fromHex, toBase64url } from "../platform/encoding.ts"
import { handleLifetime, saltBytes } from "./limits.ts"

/** What a handle is for: a passkey of a new user, one of a user who is there, or a sign-in. */
export type HandleKind = "new" | "add" | "sign_in"

/** What an opened handle holds. */
export interface Handle {
  kind: HandleKind
  /** Who is asked; `null` in a sign-in that asks anyone. */
  userId: UserId | null
  expiresAt: number
  challenge: string
  /** The handle itself. */
  text: string
}

/** Seals and opens handles, which hold all that a ceremony needs: drawing a page stores nothing. */
export function sealedHandles(secrets: readonly (Secret | undefined)[], purpose: string, now: () => number) {
  const envelope = createEnvelope(secrets, purpose)

  return {
    async seal(kind: HandleKind, userId: UserId | null): Promise<{ handle: string; challenge: string }> {
      const type = userId === null ? "" : typeof userId
      const contents = JSON.stringify([kind, now() + handleLifetime, type, `${userId}`])
      const handle = await envelope.seal(joinBytes(randomBytes(saltBytes), toUtf8(contents)))
      return { handle, challenge: digestOf(handle) }
    },

    async open(handle: unknown, ...kinds: HandleKind[]): Promise<Handle | null> {
      const opened = await envelope.open(handle)
      if (typeof opened === "string") return null
      const contents = new TextDecoder().decode(opened.plaintext.subarray(saltBytes))
      // Only we can have sealed it.
      const [kind, expiresAt, type, id] = JSON.parse(contents) as [HandleKind, number, string, string]
      const userId = idOf(type, id)
      const text = String(handle)
      return now() < expiresAt && kinds.includes(kind)
        ? { kind, expiresAt, userId, challenge: digestOf(text), text }
        : null
    },
  }
}

/** Hashes text by SHA-256, as base64url. */
export function digestOf(text: string): string {
  return toBase64url(fromHex(hashText(text)))
}

// JSON has no bigint, and a number that was text is another user's id.
function idOf(type: string, id: string): UserId | null {
  if (type === "bigint") return BigInt(id)
  if (type === "number") return Number(id)
  return type === "" ? null : id
}
