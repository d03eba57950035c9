import { writeSync } from "node:fs"
import type { SQLInputValue } from "node:sqlite"
import { DatabaseSync } from "node:sqlite"
import pg from "pg"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { sqlAdapter } from "../../adapters/sql.ts"
import type { SqliteDatabase } from "../../adapters/sql/sqlite-executor.ts"
import { createUsers } from "../../src/users/create-users.ts"
import { pgPoolExecutor } from "../adapters/sql-stores.ts"
import { countingHasher } from "../users/counting-hasher.ts"
import type { RaceAdapter, StoreAddress } from "./race-store.ts"

/** What the process does, and the beginning of the statement at which it dies. */
export interface Crash {
  address: StoreAddress
  change: keyof typeof changes
  dieAt: string
}

/** Changes of several steps, to the user `ada`. */
export const changes = {
  signUp: (adapter: RaceAdapter) =>
    usersOf(adapter).createUser({
      id: "ada",
      key: { providerId: "username", providerUserId: "ada", password: "correct horse" },
      attributes: { username: "ada" },
    }),
  changePassword: (adapter: RaceAdapter) =>
    usersOf(adapter).updateUserPassword({ userId: "ada", password: "another horse" }),
  deleteUser: (adapter: RaceAdapter) => usersOf(adapter).deleteUser("ada"),
}

if (process.argv[2]) await crash(JSON.parse(process.argv[2]) as Crash)

async function crash({ address, change, dieAt }: Crash): Promise<void> {
  const statements: string[] = []
  const before = (sql: string) => {
    if (sql.startsWith(dieAt)) die(statements)
    statements.push(sql)
  }
  await changes[change](
    address.dialect === "sqlite" ? mortalSqlite(address.file, before) : mortalPostgres(address.connection, before),
  )
}

function die(statements: string[]): never {
  writeSync(1, JSON.stringify(statements))
  process.kill(process.pid, "SIGKILL")
  throw new Error("this process is dead")
}

function mortalSqlite(file: string, before: (sql: string) => void): RaceAdapter {
  const db = new DatabaseSync(file, { timeout: 20_000 })
  const mortal: SqliteDatabase = {
    exec(sql) {
      before(sql)
      db.exec(sql)
    },
    prepare(sql) {
      const statement = db.prepare(sql)
      return {
        all: (...params) => statement.all(...(params as SQLInputValue[])),
        run(...params) {
          before(sql)
          return statement.run(...(params as SQLInputValue[]))
        },
      }
    },
  }
  return nodeSqliteAdapter(mortal)
}

function mortalPostgres(connection: pg.PoolConfig, before: (sql: string) => void): RaceAdapter {
  const pool = new pg.Pool(connection)
  pool.on("connect", (client) => {
    const query = client.query.bind(client) as (...values: unknown[]) => unknown
    const mortal = (...values: unknown[]) => {
      if (typeof values[0] === "string") before(values[0])
      return query(...values)
    }
    // pg types its one method as a dozen overloads.
    client.query = mortal as typeof client.query
  })
  return sqlAdapter({ dialect: "postgres", executor: pgPoolExecutor(pool) })
}

function usersOf(adapter: RaceAdapter) {
  return createUsers({ adapter, passwordHasher: countingHasher() })
}
