import type { UserId } from "../core/ports.ts"

/**
 * How a passkey signs, by its number in COSE: -7 is ES256 (ECDSA with P-256 and SHA-256), -8 is EdDSA with Ed25519, -257 is
 * RS256 (RSASSA-PKCS1-v1_5 with SHA-256).
 */
export type PasskeyAlgorithm = -7 | -8 | -257

/** A passkey as a store keeps it. Nothing in it is a secret. */
export interface PasskeyRecord {
  /** The credential id in base64url without padding: up to 1,364 characters, which differ by upper and lower case. */
  id: string
  userId: UserId
  /** The public key as SPKI, in base64url without padding: up to 1,500 characters. */
  publicKey: string
  algorithm: PasskeyAlgorithm
  /** The authenticator's last counter, a whole number up to 4,294,967,295; 0 for one that does not count. */
  signCount: number
  /** Whether the passkey may be copied to other devices. */
  backupEligible: boolean
  /** Whether it has been. */
  backedUp: boolean
  /** Which kind of authenticator made it, as a UUID in lower case; zeros if it does not say. */
  aaguid: string
  /** How the browser reaches it, such as `"internal"` or `"usb"`: up to 16 short words of `a-z`, `0-9` and `-`. */
  transports: string[]
  /** What the user calls it: text without NUL, up to 255 bytes as UTF-8. */
  name: string
  createdAt: Date
  /** `null` until it is used for the first time. */
  usedAt: Date | null
}

/** What one use of a passkey changes. */
export interface PasskeyUse {
  signCount: number
  backedUp: boolean
  usedAt: Date
}

/** A passkey of a user. The owner is never optional. */
export interface OwnedPasskey {
  userId: UserId
  id: string
}

/**
 * Where passkeys live: the table `user_passkey`. The rules of `SessionAdapter` hold here too. Ids are compared byte for byte,
 * upper and lower case included. Where the store knows its users, a passkey of a user who does not exist is not found, and
 * `deleteUser` deletes a user's passkeys.
 */
export interface PasskeyAdapter {
  /**
   * Stores a passkey; `false`, storing nothing, if its id is there already, whoever owns it. Where the store knows its users, a
   * user who does not exist rejects with `user_missing`.
   */
  insertPasskey(passkey: PasskeyRecord): Promise<boolean>
  findPasskey(id: string): Promise<PasskeyRecord | null>
  /** Lists a user's passkeys, the newest first. */
  listPasskeys(userId: UserId): Promise<PasskeyRecord[]>
  /**
   * Records that a passkey was used, in one atomic step: `false`, changing nothing, unless the stored counter is
   * `from.signCount`. Of racing callers with one counter that rises exactly one gets `true`.
   */
  recordPasskeyUse(id: string, from: { signCount: number }, to: PasskeyUse): Promise<boolean>
  /** `false`, changing nothing, if the passkey is missing or another user's. */
  renamePasskey(passkey: OwnedPasskey & { name: string }): Promise<boolean>
  /** `false`, deleting nothing, if the passkey is missing or another user's. */
  deletePasskey(passkey: OwnedPasskey): Promise<boolean>
  /**
   * Deletes all of a user's passkeys, for `resetAccess`. Resolves to how many that were: none if the application has no table of
   * passkeys. An adapter may leave it out: they are deleted one by one then.
   */
  deletePasskeys?(userId: UserId): Promise<number>
}
