import type { UserId } from "../../src/core/ports.ts"
import type { TotpAdapter, TotpRecord } from "../../src/totp/totp-port.ts"
import { textOf, wholeNumberOf } from "./parameters.ts"
import { isStorableId } from "./storable-text.ts"
import type { OpenTokens } from "./token-port.ts"
import { missingUser } from "./user-ids.ts"

/** An authenticator to insert, checked and encoded. Times are milliseconds since 1970. */
export interface NewTotp<User> {
  user: User
  secret: string
  usedStep: number
  createdAt: number
}

/** A used time step. Fields that were not given are `null`. */
export interface TakenStep {
  step: number
  /** Whether the step may also be an earlier one. */
  isAny: boolean
  resealed: string | null
  ifSecret: string | null
}

/** The authenticators of one kind of store, as rows of encoded values. {@link totpPort} builds on them. */
export interface TotpRows<Db, User> {
  /** Encodes a user id; `null` if no user can have it. Throws `invalid_option` for another JavaScript type. */
  encodeUser(db: Db, id: UserId): User | null
  /** Stores one: `false` if the user already has one. Throws `user_missing` for a user who does not exist. */
  insert(db: Db, totp: NewTotp<User>): Promise<boolean>
  /** Stores one, and replaces the user's other one if there is one. Throws `user_missing`. */
  replace(db: Db, totp: NewTotp<User>): Promise<void>
  find(db: Db, user: User): Promise<TotpRecord | null>
  takeStep(db: Db, user: User, taken: TakenStep): Promise<boolean>
  /** `ifSecret` is `null` if it was not given. */
  delete(db: Db, user: User, ifSecret: string | null): Promise<boolean>
}

const maxSecretBytes = 1000

/** Creates the port from rows. It checks and encodes the arguments of every method. */
export function totpPort<Db, User>({ open, openIfMade }: OpenTokens<Db>, rows: TotpRows<Db, User>): TotpAdapter {
  return {
    async insertTotp(userId, secret, usedStep, replace, ifSecret) {
      const [text, step] = [textOf("secret", secret, maxSecretBytes), wholeNumberOf("usedStep", usedStep)]
      const db = await open()
      const user = rows.encodeUser(db, userId)
      if (replace && ifSecret !== undefined) {
        const taken = { step, isAny: true, resealed: text, ifSecret }
        return user !== null && canBeSecret(ifSecret) && rows.takeStep(db, user, taken)
      }
      if (user === null) throw missingUser()
      // For people who read the table. No code uses it.
      const totp = { user, secret: text, usedStep: step, createdAt: Date.now() }
      if (!replace) return rows.insert(db, totp)
      await rows.replace(db, totp)
      return true
    },
    async findTotp(userId) {
      const db = await open()
      const user = rows.encodeUser(db, userId)
      return user === null ? null : rows.find(db, user)
    },
    async takeStep(userId, step, resealed, ifSecret) {
      const taken = {
        step: wholeNumberOf("step", step),
        isAny: false,
        resealed: resealed === undefined ? null : textOf("resealed", resealed, maxSecretBytes),
        ifSecret: ifSecret ?? null,
      }
      const db = await open()
      const user = rows.encodeUser(db, userId)
      return user !== null && canBeSecret(ifSecret) && rows.takeStep(db, user, taken)
    },
    async deleteTotp(userId, ifSecret) {
      const db = await openIfMade()
      const user = db && rows.encodeUser(db, userId)
      return db !== null && user !== null && canBeSecret(ifSecret) && rows.delete(db, user, ifSecret ?? null)
    },
  }
}

function canBeSecret(ifSecret: string | undefined): boolean {
  return ifSecret === undefined || isStorableId(ifSecret, maxSecretBytes)
}
