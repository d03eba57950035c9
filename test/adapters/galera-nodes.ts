import type { Pool, PoolOptions } from "mysql2/promise"
import mysql from "mysql2/promise"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import { mysqlServerAt } from "../servers.ts"
import type { SqlStore, TestAdapter, TestSession, TestUser } from "./sql-stores.ts"
import { mysqlPoolExecutor, testTables } from "./sql-stores.ts"

/** Which adapter to open over a node. */
export type GaleraAdapterName = "sqlAdapter" | "mysql2Adapter"

/** One node of a cluster. */
export interface GaleraNode {
  pool: Pool
  adapter(name?: GaleraAdapterName): TestAdapter
}

/** A separate database on a cluster. */
export interface GaleraStore extends Pick<SqlStore, "run" | "close"> {
  nodes: GaleraNode[]
  /** Opens one more pool to each node, whose reads need not wait for what other nodes have written. */
  openHasty(): GaleraNode[]
}

const adapters = {
  sqlAdapter: (pool: Pool) =>
    sqlAdapter<TestUser, TestSession, keyof TestUser>({
      dialect: "mysql",
      executor: mysqlPoolExecutor(pool),
      userIdType: "bigint",
    }),
  mysql2Adapter: (pool: Pool) => mysql2Adapter<TestUser, TestSession, keyof TestUser>(pool, { userIdType: "bigint" }),
}

/** Makes the tables on the first node, and opens a pool to each whose statements see what every node has committed. */
export async function openGalera(urls: string[], options: PoolOptions = {}): Promise<GaleraStore> {
  const [first = ""] = urls
  const server = await mysqlServerAt(first)
  for (const statement of testTables("mysql", "bigint")) await server.pool.query(statement)
  // A node locks no rows on the others: only a foreign key keeps a new row from a user whom another node deletes.
  for (const table of ["session", "user_key", "auth_token", "user_totp", "user_passkey"])
    await server.pool.query(`ALTER TABLE ${table} ADD FOREIGN KEY (user_id) REFERENCES user (id) ON DELETE CASCADE`)
  const [rows] = await server.pool.query("SELECT DATABASE() AS name")
  const [{ name }] = rows as [{ name: string }]
  const opened: Pool[] = []

  function openPool(url: string, isHasty: boolean): GaleraNode {
    const at = new URL(url)
    at.pathname = name
    const pool = mysql.createPool({ uri: at.href, ...options })
    // Runs before what the connection was opened for: if it fails, so does that.
    const wait = "SET SESSION wsrep_sync_wait = 7"
    if (!isHasty) pool.pool.on("connection", (connection) => void connection.query(wait, () => undefined))
    opened.push(pool)
    return { pool, adapter: (adapter = "sqlAdapter") => adapters[adapter](pool) }
  }

  const nodes = urls.map((url) => openPool(url, false))
  return {
    nodes,
    openHasty: () => urls.map((url) => openPool(url, true)),
    run: async (sql) => (await server.pool.query(sql))[0] as Awaited<ReturnType<SqlStore["run"]>>,
    async close() {
      for (const pool of opened) await pool.end()
      await server.close()
    },
  }
}

/** An adapter whose calls go to the nodes by turns. */
export function byTurns(nodes: TestAdapter[]): TestAdapter {
  const [first] = nodes
  if (!first) throw new Error("A cluster has a node.")
  let calls = 0
  return new Proxy(first, {
    get: (_, name) => {
      const value: unknown = Reflect.get(first, name)
      if (typeof value !== "function") return value
      return (...args: unknown[]) => {
        const node = nodes[calls++ % nodes.length]
        return Reflect.apply(Reflect.get(node ?? first, name) as typeof value, node, args)
      }
    },
  })
}
