import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { OwnedPasskey, PasskeyAdapter, PasskeyRecord, PasskeyUse } from "../../src/passkeys/passkey-port.ts"
import { foundRow, newRowIdOf, rowIdOf, textOf, timeOf, wholeNumberOf } from "./parameters.ts"
import type { OpenTokens } from "./token-port.ts"
import { missingUser } from "./user-ids.ts"

/** A passkey to insert, checked and encoded. Times are milliseconds since 1970. */
export interface NewPasskey<User> extends Omit<PasskeyRecord, "userId" | "transports" | "createdAt" | "usedAt"> {
  user: User
  /** Separated by spaces. */
  transports: string
  createdAt: number
  usedAt: number | null
}

/** The id of a passkey that must be this user's. */
export interface OwnPasskey<User> {
  id: string
  user: User
}

/** A use of a passkey whose counter was `from`. */
export interface RecordedUse {
  from: number
  signCount: number
  backedUp: boolean
  usedAt: number
}

/** The passkeys of one kind of store, as rows of encoded values. {@link passkeyPort} builds on them. */
export interface PasskeyRows<Db, User> {
  /** Encodes a user id; `null` if no user can have it. Throws `invalid_option` for another JavaScript type. */
  encodeUser(db: Db, id: UserId): User | null
  /** Stores a passkey: `false` if its id already exists. Throws `user_missing` for a user who does not exist. */
  insert(db: Db, passkey: NewPasskey<User>): Promise<boolean>
  find(db: Db, id: string): Promise<PasskeyRecord | null>
  list(db: Db, user: User): Promise<PasskeyRecord[]>
  recordUse(db: Db, id: string, use: RecordedUse): Promise<boolean>
  rename(db: Db, passkey: OwnPasskey<User>, name: string): Promise<boolean>
  delete(db: Db, passkey: OwnPasskey<User>): Promise<boolean>
  deleteOfUser(db: Db, user: User): Promise<number>
}

/** The longest passkey id: 1,364 characters of base64url hold the 1,023 bytes that WebAuthn allows. */
export const maxPasskeyIdBytes = 1400

const maxKeyBytes = 2000
const maxAaguidBytes = 48
const maxNameBytes = 255
const transport = /^[a-z0-9-]{1,40}$/
const algorithms: readonly unknown[] = [-7, -8, -257]

/** Creates the port from rows. It checks and encodes the arguments of every method. */
export function passkeyPort<Db, User>(
  { open, openIfMade }: OpenTokens<Db>,
  rows: PasskeyRows<Db, User>,
): Required<PasskeyAdapter> {
  function encode(db: Db, { userId, ...passkey }: PasskeyRecord): NewPasskey<User> {
    const user = rows.encodeUser(db, userId)
    if (user === null) throw missingUser()
    return { ...checked(passkey), user }
  }

  function ownOf(db: Db, { userId, id }: OwnedPasskey): OwnPasskey<User> | null {
    const [rowId, user] = [rowIdOf(id, maxPasskeyIdBytes), rows.encodeUser(db, userId)]
    return rowId === null || user === null ? null : { id: rowId, user }
  }

  return {
    async insertPasskey(passkey) {
      const db = await open()
      return rows.insert(db, encode(db, passkey))
    },
    async findPasskey(id) {
      const rowId = rowIdOf(id, maxPasskeyIdBytes)
      return rowId === null ? null : rows.find(await open(), rowId)
    },
    async listPasskeys(userId) {
      const db = await open()
      const user = rows.encodeUser(db, userId)
      return user === null ? [] : rows.list(db, user)
    },
    async recordPasskeyUse(id, from, to) {
      const [rowId, use] = [rowIdOf(id, maxPasskeyIdBytes), useOf(from, to)]
      if (rowId === null) return false
      const db = await open()
      const isSame = async () => use.from === use.signCount && isAlready(await rows.find(db, rowId), use)
      return foundRow(await rows.recordUse(db, rowId, use), isSame)
    },
    async renamePasskey({ name, ...owned }) {
      const next = textOf("name", name, maxNameBytes)
      const db = await open()
      const own = ownOf(db, owned)
      if (!own) return false
      const isSame = async () => isNamed(await rows.find(db, own.id), owned, next)
      return foundRow(await rows.rename(db, own, next), isSame)
    },
    async deletePasskey(owned) {
      const db = await open()
      const own = ownOf(db, owned)
      return own !== null && rows.delete(db, own)
    },
    async deletePasskeys(userId) {
      const db = await openIfMade()
      const user = db && rows.encodeUser(db, userId)
      return db && user !== null ? rows.deleteOfUser(db, user) : 0
    },
  }
}

function checked(passkey: Omit<PasskeyRecord, "userId">): Omit<NewPasskey<never>, "user"> {
  return {
    id: newRowIdOf(passkey.id, maxPasskeyIdBytes),
    publicKey: textOf("publicKey", passkey.publicKey, maxKeyBytes),
    algorithm: algorithmOf(passkey.algorithm),
    signCount: wholeNumberOf("signCount", passkey.signCount),
    backupEligible: passkey.backupEligible,
    backedUp: passkey.backedUp,
    aaguid: textOf("aaguid", passkey.aaguid, maxAaguidBytes),
    transports: transportsOf(passkey.transports),
    name: textOf("name", passkey.name, maxNameBytes),
    createdAt: timeOf(passkey.createdAt, "passkey"),
    usedAt: passkey.usedAt === null ? null : timeOf(passkey.usedAt, "passkey"),
  }
}

function algorithmOf(algorithm: PasskeyRecord["algorithm"]): PasskeyRecord["algorithm"] {
  if (algorithms.includes(algorithm)) return algorithm
  throw new AuthError("invalid_option", "algorithm: not one of a passkey; use -7, -8 or -257")
}

function transportsOf(transports: readonly unknown[]): string {
  if (transports.every((one) => typeof one === "string" && transport.test(one))) return transports.join(" ")
  throw new AuthError("invalid_option", 'transports: one is not a word of a-z, 0-9 and "-"; leave it out')
}

function useOf(from: { signCount: number }, { signCount, backedUp, usedAt }: PasskeyUse): RecordedUse {
  return {
    from: wholeNumberOf("from.signCount", from.signCount),
    signCount: wholeNumberOf("to.signCount", signCount),
    backedUp,
    usedAt: timeOf(usedAt, "passkey"),
  }
}

/** Returns whether a passkey already has the values of this use. */
function isAlready(passkey: PasskeyRecord | null, { signCount, backedUp, usedAt }: RecordedUse): boolean {
  return passkey?.signCount === signCount && passkey.backedUp === backedUp && passkey.usedAt?.getTime() === usedAt
}

function isNamed(passkey: PasskeyRecord | null, { userId }: OwnedPasskey, name: string): boolean {
  return passkey?.userId === userId && passkey.name === name
}
