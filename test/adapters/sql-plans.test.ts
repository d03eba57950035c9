import { expect, test } from "vitest"
import type { SqlExecutor, SqlStatement } from "../../adapters/sql/executor.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqlStore } from "./sql-stores.ts"
import { everyStore, pgExecutor } from "./sql-stores.ts"
import pg from "pg"

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
    expect(plan, statement.sql).not.toMatch(/\bSCAN (s|u|k|user|session|user_key)\b|Seq Scan|"ALL"/)
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
