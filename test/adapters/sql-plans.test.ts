import { expect, test } from "vitest"
import type { SqlExecutor, SqlStatement } from "../../adapters/sql/executor.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqlStore } from "./sql-stores.ts"
import { everyStore, pgExecutor } from "./sql-stores.ts"
import pg from "pg"
import { plainPasskey } from "./plain-passkey.ts"

const stores = await everyStore()
const times = { createdAt: new Date(1), expiresAt: new Date(2) }

test.for(stores)("every statement on $dialect finds its rows by an index", async (store) => {
  const statements = (await statementsOf(store)).filter(
    ({ sql }) => !/^INSERT.*VALUES|pragma_|pg_attribute|_schema/s.test(sql),
  )
  expect(statements.length).toBeGreaterThan(15)
  const explain = await explainer(store)
  for (const statement of statements) {
    // What MySQL has derived is one row.
    const plan = (await explain.run(statement)).replace(/"table":"<derived\d+>","type":"ALL"/g, "")
    expect(plan, statement.sql).toMatch(/index|search|const|range|ref|primary/i)
    expect(plan, statement.sql).not.toMatch(
      /\bSCAN (s|u|k|t|a|user|session|user_key|auth_token|auth_attempt|user_totp|user_passkey|auth_event|p)\b|Seq Scan|"ALL"/,
    )
  }
  await explain.close()
})

// Of MySQL 8.4 and MariaDB 11, those that could name a column or a table; MariaDB alone does not mind the first line's.
const reserved = new Set(
  `cube cume_dist dense_rank empty first_value function generated grouping groups json_table lag last_value lateral lead
  manual nth_value ntile of optimizer_costs parallel percent_rank qualify rank row_number stored system tablesample virtual
  after all as asc before both by call cascade change character check collate column condition constraint convert
  create cross current_date current_time current_timestamp current_user cursor database databases day_hour dec default
  delayed delete desc describe distinct div double drop dual each else end enclosed except exists exit explain fetch
  float for force foreign from fulltext grant group having high_priority if ignore in index inner inout insert int
  integer intersect interval into is iterate join key keys kill leading leave left like limit linear lines load
  localtime lock long loop match mod modifies natural not null numeric on optimize option or order out outer over
  partition precision primary procedure purge range read reads real recursive references regexp release rename repeat
  replace require restrict return revoke right rlike row rows schema schemas select sensitive separator set show signal
  smallint spatial specific sql ssl starting straight_join table terminated then to trailing trigger true undo union
  unique unlock unsigned update usage use using values varying when where while window with write xor zerofill`.split(
    /\s+/,
  ),
)

test.for(stores)("no statement on $dialect gives a name that MySQL reserves", async (store) => {
  for (const { sql } of await statementsOf(store)) {
    const names = Array.from(sql.matchAll(/\bAS (\w+)(?![\w(])/gi), ([, name = ""]) => name.toLowerCase())
    const types = new Set(["binary", "real", "integer", "text", "char", "signed"])
    expect(
      names.filter((name) => reserved.has(name) && !types.has(name)),
      sql,
    ).toEqual([])
  }
})

test.for(stores)("[ADP-7] a validation on $dialect is one statement", async (store) => {
  const { executor, seen } = recorded(store.executor)
  const adapter = sqlAdapter({ dialect: store.dialect, executor })
  await adapter.findSession("s")
  seen.length = 0
  await adapter.findSession("s")
  expect(seen).toHaveLength(1)
})

const known = new Map<SqlStore, Promise<SqlStatement[]>>()

/** The statements that a store is sent, made once. */
function statementsOf(store: SqlStore): Promise<SqlStatement[]> {
  const statements = known.get(store) ?? usedStatements(store)
  known.set(store, statements)
  return statements
}

/** Fills the tables and calls every method. */
async function usedStatements(store: SqlStore): Promise<SqlStatement[]> {
  for (let n = 0; n < 40; n++) {
    const key = { providerId: "username", providerUserId: `name-${n}`, passwordHash: null }
    await store.adapter().insertUser({ id: `user-${n}`, attributes: { username: `name-${n}` } }, key)
    await store.adapter().insertSession({ id: `s${n}`, userId: `user-${n}`, ...times, attributes: {} })
  }
  const token = (id: string) => ({ id, purpose: "p", userId: "user-1", expiresAt: new Date(5), attempts: 0, data: "" })
  const event = (n: number) => {
    return { id: `e${n}`, at: new Date(n), type: "t", userId: `user-${n % 3}`, sessionId: null, detail: "" }
  }
  for (let n = 0; n < 40; n++) {
    await store.adapter().insertTokens([{ ...token(`t${n}`), userId: `user-${n}` }])
    await store.adapter().takeAttempt(`a${n}`, 1_000_000, 10, 100)
    await store.adapter().insertEvents([event(n)])
    await store.adapter().insertTotp(`user-${n}`, "secret", 1, false)
    await store.adapter().insertPasskey({ ...plainPasskey, id: `p${n}`, userId: `user-${n}` })
  }
  const own = { userId: "user-1", id: "p1" }
  const { executor, seen } = recorded(store.executor)
  const adapter = sqlAdapter<{ id: string; username: string }>({ dialect: store.dialect, executor })
  const key = { providerId: "github", providerUserId: "1", passwordHash: null, userId: "user-1" }
  await adapter.insertSession({ id: "a", userId: "user-1", ...times, attributes: {} })
  await adapter.findSession("a")
  await adapter.listSessions("user-1")
  await adapter.extendSession("a", new Date(3), new Date(2))
  await adapter.updateSession("a", { label: "x" })
  await adapter.updateSession("a", {})
  await adapter.replaceSession("a", { id: "b", userId: "user-1", ...times, attributes: {} })
  await adapter.deleteSession("b")
  await adapter.deleteSession("s1", "user-1")
  await adapter.deleteUserSessions("user-2")
  await adapter.deleteUserSessions("user-3", "s3")
  await adapter.deleteExpiredSessions(new Date(0), 10)
  await adapter.findUser("user-1")
  await adapter.updateUser("user-1", { username: "new" })
  await adapter.insertKey(key)
  await adapter.findKey("github", "1")
  await adapter.listKeys("user-1")
  await adapter.replaceKeyPassword(key, null, "x", {})
  await adapter.replaceUserPasswords("user-1", ["github", "username"], "y")
  await adapter.replaceUserPasswords("user-1", ["github"], "y", "s3")
  await adapter.insertKey({ ...key, providerUserId: "2" }, { username: "newer" })
  await adapter.renameKey(key, "3", { username: "newest" })
  await adapter.deleteKey({ ...key, providerUserId: "2" })
  await adapter.deleteKey({ ...key, providerUserId: "3" }, { evenLast: true })
  await adapter.insertUser({ id: "user-1", attributes: { username: "z" } }, { ...key, providerUserId: "2" })
  await adapter.insertTokens([token("u1"), token("u2")], { userId: "user-1", purpose: "p", keep: 2 })
  await adapter.findToken("u1")
  await adapter.tryToken("u1", 3)
  await adapter.takeToken("u1")
  await adapter.countTokens("user-1", "p")
  await adapter.deleteTokens("user-1", ["p"])
  await adapter.deleteTokens("user-1", { except: ["p"] })
  await adapter.deleteExpiredTokens(new Date(0), 10)
  await adapter.takeAttempt("a1", 1_000_000, 10, 100)
  await adapter.takeAttempt("a1", 0, 10, 100)
  await adapter.takeAttempt("new", 0, 10, 100)
  await adapter.dropAttempts(["a1", "new"])
  await adapter.deleteIdleAttempts(0, 10)
  await adapter.listEvents("user-1", null, 10)
  await adapter.listEvents("user-1", { at: new Date(20), id: "e19" }, 10)
  await adapter.deleteEvents(new Date(0), 10)
  await adapter.findTotp("user-1")
  await adapter.takeStep("user-1", 2)
  await adapter.takeStep("user-1", 3, "resealed", "secret")
  await adapter.insertTotp("user-1", "again", 1, true)
  await adapter.deleteTotp("user-1")
  await adapter.insertTotp("user-1", "again", 1, false)
  await adapter.deleteTotp("user-1", "again")
  await adapter.insertTotp("user-1", "again", 1, false)
  await adapter.insertPasskey({ ...plainPasskey, id: "new", userId: "user-1" })
  await adapter.findPasskey("p1")
  await adapter.listPasskeys("user-1")
  await adapter.recordPasskeyUse("p1", { signCount: 0 }, { signCount: 1, backedUp: true, usedAt: new Date(2) })
  await adapter.renamePasskey({ ...own, name: "new" })
  await adapter.deletePasskey(own)
  await adapter.deletePasskeys("user-2")
  await adapter.deleteUser("user-1")
  return seen
}

function recorded(executor: SqlExecutor): { executor: SqlExecutor; seen: SqlStatement[] } {
  const seen: SqlStatement[] = []
  return {
    seen,
    executor: {
      query: (sql, params) => (seen.push({ sql, params }), executor.query(sql, params)),
      execute: (sql, params) => (seen.push({ sql, params }), executor.execute(sql, params)),
      batch: async (statements) => (seen.push(...statements), (await executor.batch?.(statements)) ?? []),
    },
  }
}

async function explainer({ dialect, executor, connect }: SqlStore) {
  const connection = await connect()
  // Small tables are scanned for speed: what counts is that there is another way.
  const pgClient = connection instanceof pg.Client ? pgExecutor(connection) : null
  await pgClient?.execute("SET enable_seqscan = off", [])
  const prefix = dialect === "sqlite" ? "EXPLAIN QUERY PLAN " : "EXPLAIN "
  return {
    run: async ({ sql, params }: SqlStatement) =>
      JSON.stringify(await (pgClient ?? executor).query(prefix + sql, params)),
    close: async () => connection?.end(),
  }
}

test.for(stores)("a page of a user's events on $dialect is found by the index on user and time", async (store) => {
  const statements = (await statementsOf(store)).filter(({ sql }) => /ORDER BY at DESC/.test(sql))
  expect(statements).toHaveLength(2)
  const explain = await explainer(store)
  for (const statement of statements) expect(await explain.run(statement), statement.sql).toMatch(/user_id_at/)
  // The second page starts in the index where the first one ended, however many events came before.
  const range = { sqlite: /user_id=\? AND at<\?/, postgres: /Index Cond: .*at <= /, mysql: /user_id_at/ }
  expect(await explain.run(statements[1]!)).toMatch(range[store.dialect])
  await explain.close()
})
