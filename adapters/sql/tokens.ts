import type { TokenRecord } from "../../src/tokens/token-port.ts"
import type { NewToken, OlderTokens, TokenRows } from "../port/token-port.ts"
import { readText } from "../port/storable-text.ts"
import { missingUser } from "../port/user-ids.ts"
import { coreColumns } from "./catalogue.ts"
import { hasId, isOwned, isUser, lockingUser, userExists } from "./conditions.ts"
import type { Database, SqlUserId } from "./database.ts"
import type { Row, SqlStatement } from "./executor.ts"
import { unlessThere } from "./insert-owned.ts"
import { byId, inChunks, parameters } from "./lists.ts"

/** Stores tokens in the table `auth_token`. */
export const sqlTokens: TokenRows<Database, SqlUserId> = {
  encodeUser: ({ ids }, id) => ids.encode(id),
  async insert(db, tokens, older) {
    const deleted = older ? await idsOfOlder(db, tokens, older) : []
    const users = [...new Set(tokens.flatMap(({ user }) => user ?? []))].sort((a, b) => (a < b ? -1 : 1))
    const inserted = byId(tokens).map((token) => insertion(db, token, users))
    // With the users locked, all insertions see the same users, so the last one's result holds for all.
    const locks = inserted.length > 1 ? users.flatMap((user) => lockingUser(db, user)) : []
    const statements = [...locks, ...deletion(db, deleted, users), ...inserted]
    if (statements.length === 0) return true
    const count = await unlessThere(db, statements)
    if (count === 0 && inserted.length > 0) throw missingUser()
    return count !== null
  },
  async find(db, id) {
    return oneOf(
      db,
      db.statement("findToken", () => findText(db), [id]),
      id,
    )
  },
  take: (db, id) => (db.dialect.returning ? takeReturning(db, id) : takeFound(db, id)),
  async try(db, id, limit) {
    const text = () =>
      `UPDATE ${db.tables.token} AS t SET attempts = attempts + 1 WHERE ${hasId(db, "token", "t.id")} AND attempts < ?2 AND ${isOpen(db)}`
    if (!db.dialect.returning) return tryFound(db, id, limit)
    const returning = () => `${text()} RETURNING ${columns(db)}`
    return oneOf(db, db.statement("tryToken", returning, [id, limit]), id)
  },
  async count(db, user, purpose) {
    const text = () =>
      `SELECT COUNT(*) AS total FROM ${db.tables.token} WHERE ${isOwned(db, "token", "?1")} AND purpose = ?2`
    const [row] = await db.store.query(db.statement("countTokens", text, [user, purpose]))
    return Number(row?.total ?? 0)
  },
  async deleteOfUser(db, user, { purposes, isExcept }) {
    const listed = () => (purposes.length === 0 ? "" : ` AND purpose ${isExcept ? "NOT IN" : "IN"} ${list()}`)
    const list = () => `(${parameters(purposes.length, 2)})`
    const text = () => `DELETE FROM ${db.tables.token} WHERE ${isOwned(db, "token", "?1")}${listed()}`
    const name = `deleteTokens\0${isExcept}\0${purposes.length}`
    await db.store.execute(db.statement(name, text, [user, ...purposes]))
  },
  async deleteExpired(db, before, limit) {
    const text = () => db.dialect.deleteSome(db.tables.token, "expires_at <= ?1", limit, "expires_at")
    return db.store.execute(db.statement(`deleteExpiredTokens\0${limit}`, text, [before]))
  },
}

/** Inserts a token, only if the users of all tokens of this call exist. */
function insertion(db: Database, token: NewToken<SqlUserId>, users: SqlUserId[]): SqlStatement {
  const { id, user, purpose, expiresAt, attempts, data } = token
  const values = [id, user, purpose, expiresAt, attempts, data]
  const [first, ...others] = user === null ? users : [user, ...users.filter((other) => other !== user)]
  if (first === undefined) return db.statement("insertFreeToken", () => insertFree(db), values)
  const text = () => insertOwnedBy(db, others.length)
  return db.statement(`insertToken\0${others.length}`, text, [...values, first, ...others])
}

function insertFree({ tables }: Database): string {
  return `INSERT INTO ${tables.token} (${coreColumns.token.join(", ")}) VALUES (${parameters(coreColumns.token.length)})`
}

/** Selects from the user's row, so that no token is stored for a user who does not exist or is being deleted. */
function insertOwnedBy(db: Database, others: number): string {
  const { dialect, tables, catalogue, ids } = db
  const columns = coreColumns.token.flatMap((name) => catalogue.token.get(name) ?? [])
  const values = columns.map((column, n) =>
    dialect.typed(column.name === "user_id" ? dialect.userId("?2", ids.type) : `?${n + 1}`, column),
  )
  const found = `FROM ${tables.user} u WHERE ${isUser(db, "?7", "u.id")}${usersExist(db, others, 8)}${dialect.keep}`
  return `INSERT INTO ${tables.token} (${coreColumns.token.join(", ")}) SELECT ${values.join(", ")} ${found}`
}

/**
 * Runs before the transaction, which then locks only the rows that it deletes. In MySQL, locking the range of a user's
 * rows would also block the tokens of other users.
 */
async function idsOfOlder(
  db: Database,
  tokens: NewToken<SqlUserId>[],
  { user, purpose, keep }: OlderTokens<SqlUserId>,
): Promise<string[]> {
  const text = () =>
    `SELECT id FROM ${db.tables.token} WHERE ${isOwned(db, "token", "?1")} AND purpose = ?2 ORDER BY expires_at IS NULL DESC, expires_at DESC, id`
  const rows = await db.store.query(db.statement("olderTokens", text, [user, purpose]))
  const added = new Set(tokens.map(({ id }) => id))
  const older = rows.map(({ id }) => readText(id)).filter((id) => !added.has(id))
  return older.slice(keep).sort()
}

/** Deletes tokens, only if the users of all new tokens exist: otherwise nothing may change. */
function deletion(db: Database, ids: string[], users: SqlUserId[]): SqlStatement[] {
  return inChunks(ids).map((some) => {
    const exist = () => usersExist(db, users.length, some.length + 1)
    const text = () => `DELETE FROM ${db.tables.token} WHERE id IN (${parameters(some.length)})${exist()}`
    return db.statement(`deleteOlder\0${some.length}\0${users.length}`, text, [...some, ...users])
  })
}

/** Returns the condition that users exist. Their ids are the parameters from number `from` on. */
function usersExist(db: Database, count: number, from: number): string {
  const exists = (n: number) => `EXISTS (SELECT 1 FROM ${db.tables.user} o WHERE ${isUser(db, `?${n}`, "o.id")})`
  return Array.from({ length: count }, (_, n) => ` AND ${exists(from + n)}`).join("")
}

function findText(db: Database): string {
  return `SELECT ${columns(db, "t.")} FROM ${db.tables.token} t WHERE ${hasId(db, "token", "t.id")} AND ${isOpen(db)}`
}

function takeReturning(db: Database, id: string): Promise<TokenRecord | null> {
  const text = () =>
    `DELETE FROM ${db.tables.token} AS t WHERE ${hasId(db, "token", "t.id")} AND ${isOpen(db)} RETURNING ${columns(db)}`
  return oneOf(db, db.statement("takeToken", text, [id]), id)
}

/**
 * Updates only from the number that was read, so that each caller gets its own. If another caller came first, the next
 * round starts from the new number, up to the limit.
 */
async function tryFound(db: Database, id: string, limit: number): Promise<TokenRecord | null> {
  const text = () =>
    `UPDATE ${db.tables.token} SET attempts = attempts + 1 WHERE ${hasId(db, "token")} AND attempts = ?2`
  for (;;) {
    const token = await found(db, id)
    if (!token || token.attempts >= limit) return null
    const isCounted = (await db.store.execute(db.statement("tryToken", text, [id, token.attempts]))) > 0
    if (isCounted) return { ...token, attempts: token.attempts + 1 }
  }
}

/** Finds a token as it is now, even in a transaction that has read it before. */
function found(db: Database, id: string): Promise<TokenRecord | null> {
  return oneOf(
    db,
    db.statement("findTokenNow", () => `${findText(db)}${db.dialect.lock ?? ""}`, [id]),
    id,
  )
}

/** Only a token's attempts ever change, so the caller that deletes the row has read the right values. */
async function takeFound(db: Database, id: string): Promise<TokenRecord | null> {
  const token = await found(db, id)
  const text = () => `DELETE FROM ${db.tables.token} WHERE ${hasId(db, "token")}`
  const isTaken = token !== null && (await db.store.execute(db.statement("takeToken", text, [id]))) > 0
  return isTaken ? token : null
}

async function oneOf(db: Database, statement: SqlStatement, id: string): Promise<TokenRecord | null> {
  const [row] = await db.store.query(statement)
  return row ? toToken(db, row, id) : null
}

/** Returns the condition that a token has no user, or one who exists. */
function isOpen(db: Database): string {
  return `(t.user_id IS NULL OR ${userExists(db)})`
}

function columns({ dialect, ids }: Database, of: "t." | "" = ""): string {
  const userId = ids.type === "bigint" ? dialect.asText(`${of}user_id`) : `${of}user_id`
  const expiresAt = `${dialect.time(`${of}expires_at`)} AS expires_at`
  return `${userId} AS user_id, ${of}purpose AS purpose, ${expiresAt}, ${of}attempts AS attempts, ${of}data AS data`
}

function toToken({ ids }: Database, row: Row, id: string): TokenRecord {
  return {
    id,
    purpose: readText(row.purpose),
    userId: row.user_id === null ? null : ids.decode(row.user_id),
    expiresAt: row.expires_at === null ? null : new Date(Number(row.expires_at)),
    attempts: Number(row.attempts),
    data: readText(row.data),
  }
}
