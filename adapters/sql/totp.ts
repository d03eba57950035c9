import type { TotpRecord } from "../../src/totp/totp-port.ts"
import { foundRow } from "../port/parameters.ts"
import { readText } from "../port/storable-text.ts"
import type { NewTotp, TotpRows } from "../port/totp-port.ts"
import { missingUser } from "../port/user-ids.ts"
import { hasText, isOwned, userExists } from "./conditions.ts"
import type { Database, SqlUserId } from "./database.ts"
import type { SqlValue } from "./executor.ts"
import { insertOwned, insertedOnce } from "./insert-owned.ts"

/** Stores authenticators in the table `user_totp`. */
export const sqlTotp: TotpRows<Database, SqlUserId> = {
  encodeUser: ({ ids }, id) => ids.encode(id),
  insert: (db, totp) =>
    insertedOnce(
      db,
      db.statement("insertTotp", () => insertOwned(db, "totp"), valuesOf(totp)),
    ),
  async replace(db, totp) {
    const text = () => `${insertOwned(db, "totp")} ${replacing(db)}`
    const count = await db.store.atomic([db.statement("replaceTotp", text, valuesOf(totp))])
    if (!(await foundRow(count > 0, () => isStored(db, totp)))) throw missingUser()
  },
  find,
  async takeStep(db, user, { step, isAny, resealed, ifSecret }) {
    const secret = resealed === null ? "" : ", secret = ?3"
    const isLater = isAny ? "" : " AND used_step < ?2"
    const isMeant = () => `${isOwned(db, "totp", "?1")}${isLater}${hasSecret(db, ifSecret, "?4")}`
    const text = () => `UPDATE ${db.tables.totp} SET used_step = ?2${secret} WHERE ${isMeant()}`
    const name = `takeStep\0${isAny}\0${resealed !== null}\0${ifSecret !== null}`
    return (await db.store.execute(db.statement(name, text, [user, step, resealed, ifSecret]))) > 0
  },
  async delete(db, user, ifSecret) {
    const text = () =>
      `DELETE FROM ${db.tables.totp} WHERE ${isOwned(db, "totp", "?1")}${hasSecret(db, ifSecret, "?2")}`
    return (await db.store.execute(db.statement(`deleteTotp\0${ifSecret !== null}`, text, [user, ifSecret]))) > 0
  },
}

/** Adds the condition that a secret is stored, if one is given. */
function hasSecret(db: Database, ifSecret: string | null, value: string): string {
  return ifSecret === null ? "" : ` AND ${hasText(db, "totp", "secret", value)}`
}

function valuesOf({ user, secret, usedStep, createdAt }: NewTotp<SqlUserId>): SqlValue[] {
  return [user, secret, usedStep, createdAt]
}

/**
 * Ends an insertion so that it replaces an existing row. The columns are prefixed with the table's name: in MySQL the
 * user table's columns are also visible, and elsewhere those of the new row.
 */
function replacing(db: Database): string {
  const table = db.tables.totp
  const names = ["secret", "used_step", "created_at"]
  if (!db.dialect.returning) {
    const set = names.map((name, n) => `${table}.${name} = ?${n + 2}`)
    return `ON DUPLICATE KEY UPDATE ${set.join(", ")}`
  }
  const set = names.map((name, n) => `${name} = ?${n + 2}`)
  const isOwn = isOwned(db, "totp", "?1", `${table}.user_id`)
  return `ON CONFLICT (user_id) DO UPDATE SET ${set.join(", ")} WHERE ${isOwn}`
}

/** MySQL drivers may not count a row whose values did not change. */
async function isStored(db: Database, { user, secret, usedStep }: NewTotp<SqlUserId>): Promise<boolean> {
  const found = await find(db, user)
  return found?.secret === secret && found.usedStep === usedStep
}

async function find(db: Database, user: SqlUserId): Promise<TotpRecord | null> {
  const text = () =>
    `SELECT t.secret AS secret, t.used_step AS used_step FROM ${db.tables.totp} t WHERE ${isOwned(db, "totp", "?1", "t.user_id")} AND ${userExists(db)}`
  const [row] = await db.store.query(db.statement("findTotp", text, [user]))
  return row ? { secret: readText(row.secret), usedStep: Number(row.used_step) } : null
}
