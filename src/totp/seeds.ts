import { AuthError } from "../core/errors.ts"
import type { UserId } from "../core/ports.ts"
import { createEnvelope } from "../envelope/envelope.ts"
import type { Secret } from "../envelope/secrets.ts"
import { equalBytes, joinBytes, toUtf8 } from "../platform/bytes.ts"
import { hashText } from "../platform/crypto.ts"

/** A seed as it was sealed. */
export interface OpenedSeed {
  seed: Uint8Array<ArrayBuffer>
  /** In milliseconds since 1970; 0 for the seed of an authenticator that was confirmed. */
  expiresAt: number
  /** Whether another than the first secret sealed it. */
  isOld: boolean
}

/** As long as RFC 4226, section 4, recommends: 160 bits. */
export const seedBytes = 20

const ownerBytes = 64

/** Seals and opens the seeds of a realm's users. Each opens for its own user only. */
export function sealedSeeds(secrets: readonly (Secret | undefined)[], realm: string) {
  const envelope = createEnvelope(secrets, "totp")

  async function seal(userId: UserId, seed: Uint8Array, expiresAt = 0): Promise<string> {
    return envelope.seal(joinBytes(seed, ownerOf(userId), toUtf8(`${expiresAt}`)))
  }

  /** `null` for anything that was not sealed for this user. */
  async function open(userId: UserId, sealed: unknown): Promise<OpenedSeed | null> {
    const opened = await envelope.open(sealed)
    if (typeof opened === "string") return null
    const plaintext = Uint8Array.from(opened.plaintext)
    const end = seedBytes + ownerBytes
    if (!equalBytes(plaintext.subarray(seedBytes, end), ownerOf(userId))) return null
    const expiresAt = Number(new TextDecoder().decode(plaintext.subarray(end)))
    return { seed: plaintext.slice(0, seedBytes), expiresAt, isOld: opened.isOld }
  }

  /** Opens the seed of a row. Throws `store_failed` if it does not open: nobody can tell then whether a code is right. */
  async function openStored(userId: UserId, sealed: string): Promise<OpenedSeed> {
    const opened = await open(userId, sealed)
    if (opened?.expiresAt === 0) return opened
    throw new AuthError(
      "store_failed",
      "The TOTP seed of a user does not open: add the secret that sealed it to secrets.",
    )
  }

  // User 7 of one realm is not user 7 of another, who may have the same secrets.
  function ownerOf(userId: UserId): Uint8Array {
    return toUtf8(hashText(`${realm}\0${userId}`))
  }

  return { seal, open, openStored }
}
