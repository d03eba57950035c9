import { expect } from "vitest"
import { quotedTable } from "../../../adapters/port/names.ts"
import type { DriverExecutor } from "../../../adapters/sql/adapter.ts"
import type { Dialect, DialectName } from "../../../adapters/sql/dialect.ts"
import { mysql } from "../../../adapters/sql/mysql-dialect.ts"
import { postgres } from "../../../adapters/sql/postgres-dialect.ts"
import { createTable } from "../../../adapters/sql/create-table.ts"
import { sqlite } from "../../../adapters/sql/sqlite-dialect.ts"
import { bind, template } from "../../../adapters/sql/statement.ts"
import { pooledStore } from "../../../adapters/sql/store.ts"

/** A port: counts by name, as a limit on sign-ins might. */
export interface CounterAdapter {
  /** Adds to a counter, which begins at 0. */
  add(name: string, amount: number): Promise<void>
  /** Reads a counter: 0 if nothing was ever added. */
  read(name: string): Promise<number>
  /** Deletes a counter. Resolves to whether there was one. */
  reset(name: string): Promise<boolean>
}

const dialects: Record<DialectName, Dialect> = { sqlite, postgres, mysql }

const columns: Record<DialectName, string[]> = {
  sqlite: ["name TEXT NOT NULL PRIMARY KEY", "total INTEGER NOT NULL"],
  postgres: ["name TEXT NOT NULL PRIMARY KEY", "total BIGINT NOT NULL"],
  mysql: ["name VARBINARY(255) NOT NULL PRIMARY KEY", "total BIGINT NOT NULL"],
}

/** Makes the statement that creates the table. */
export function counterSchema(dialect: DialectName): string[] {
  return createTable(dialect, "counter", columns[dialect], [])
}

/** Keeps counters in SQL, over the executor of any driver. */
export function sqlCounters(executor: DriverExecutor): CounterAdapter {
  const dialect = dialects[executor.dialect]
  const store = pooledStore(executor, dialect)
  const table = quotedTable("counter", dialect.quote)
  const onTaken =
    dialect.name === "mysql"
      ? "ON DUPLICATE KEY UPDATE total = total + ?2"
      : `ON CONFLICT (name) DO UPDATE SET total = ${table}.total + excluded.total`
  const add = template(dialect, `INSERT INTO ${table} (name, total) VALUES (?1, ?2) ${onTaken}`)
  const read = template(dialect, `SELECT total FROM ${table} WHERE name = ?1`)
  const reset = template(dialect, `DELETE FROM ${table} WHERE name = ?1`)
  return {
    async add(name, amount) {
      await store.execute(bind(add, [name, amount]))
    },
    async read(name) {
      const [row] = await store.query(bind(read, [name]))
      return Number(row?.total ?? 0)
    },
    reset: async (name) => (await store.execute(bind(reset, [name]))) > 0,
  }
}

/** Keeps counters in memory. */
export function memoryCounters(): CounterAdapter {
  const totals = new Map<string, number>()
  return {
    add: async (name, amount) => void totals.set(name, amount + (totals.get(name) ?? 0)),
    read: async (name) => totals.get(name) ?? 0,
    reset: async (name) => totals.delete(name),
  }
}

/** What holds of every adapter of the port. */
export const counterCases: { name: string; run(counters: CounterAdapter): Promise<void> }[] = [
  {
    name: "a counter begins at 0, and is the sum of what was added",
    async run(counters) {
      expect(await counters.read("a")).toBe(0)
      await counters.add("a", 2)
      await counters.add("a", 40)
      await counters.add("A", 1)
      expect(await counters.read("a")).toBe(42)
    },
  },
  {
    name: "nothing is lost that is added at once",
    async run(counters) {
      await Promise.all(Array.from({ length: 20 }, () => counters.add("b", 1)))
      expect(await counters.read("b")).toBe(20)
    },
  },
  {
    name: "a counter is deleted once, and alone",
    async run(counters) {
      await counters.add("c", 1)
      await counters.add("d", 1)
      expect(await Promise.all([counters.reset("c"), counters.reset("c")])).toEqual(
        expect.arrayContaining([true, false]),
      )
      expect([await counters.read("c"), await counters.read("d")]).toEqual([0, 1])
    },
  },
]
