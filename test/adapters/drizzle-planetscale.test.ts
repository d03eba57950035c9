import { MySqlDatabase, MySqlDialect } from "drizzle-orm/mysql-core"
import { PlanetscaleSession } from "drizzle-orm/planetscale-serverless/session"
import type { PoolConnection, TypeCast } from "mysql2/promise"
import { afterAll, describe, test } from "vitest"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import type { FullAdapter } from "../../src/testing/adapter-case.ts"
import { testAdapter } from "../../src/testing.ts"
import { mysqlServer } from "../servers.ts"
import { mysqlMilliseconds } from "./drizzle-mysql-tables.ts"
import { testTableNames } from "./test-table-names.ts"

const shape = mysqlMilliseconds
const server = await mysqlServer()
afterAll(() => server?.close())
for (const statement of shape.ddl) await server?.pool.query(statement)

describe.skipIf(!server)("drizzleAdapter() over Drizzle's session for PlanetScale", () => {
  testAdapter(test, async () => {
    for (const table of testTableNames) await server?.pool.query(`DELETE FROM \`${table}\``)
    const adapter = drizzleAdapter(openDatabase(), shape.tables) as unknown as FullAdapter
    return { adapter, addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null) }
  })
})

/** Answers as the client of `@planetscale/database` does, whose servers speak HTTP, out of MariaDB. */
class Client {
  readonly #connection: PoolConnection | undefined

  constructor(connection?: PoolConnection) {
    this.#connection = connection
  }

  async execute(sql: string, params: unknown[], { as }: { as: "array" | "object" }) {
    const at = this.#connection ?? server?.pool
    // Times are text in its answers.
    const typeCast: TypeCast = (field, next) => (/DATE|TIME/.test(field.type) ? field.string() : next())
    const [answer] = (await at?.query({ sql, values: params, rowsAsArray: as === "array", typeCast })) ?? []
    const { affectedRows = 0, insertId = 0 } = answer as { affectedRows?: number; insertId?: number }
    const rows: unknown[] = Array.isArray(answer) ? answer : []
    return { rows, rowsAffected: affectedRows, insertId: String(insertId), size: rows.length }
  }

  async transaction<Result>(run: (inside: Client) => Promise<Result>): Promise<Result> {
    const connection = await server?.pool.getConnection()
    try {
      await connection?.beginTransaction()
      const result = await run(new Client(connection))
      await connection?.commit()
      return result
    } catch (error) {
      await connection?.rollback()
      throw error
    } finally {
      connection?.release()
    }
  }
}

function openDatabase() {
  const dialect = new MySqlDialect()
  const session = new PlanetscaleSession(new Client() as never, dialect, undefined, undefined)
  return new MySqlDatabase(dialect, session, undefined, "planetscale")
}
