import { join } from "node:path"
import { PGlite } from "@electric-sql/pglite"
import { build } from "esbuild"
import { Miniflare } from "miniflare"
import { d1Adapter } from "../../../adapters/d1.ts"
import { pgliteAdapter } from "../../../adapters/pglite.ts"
import type { UserIdType } from "../../../adapters/port/user-ids.ts"
import type { SqlOptions } from "../../../adapters/sql/database.ts"
import type { TestSession, TestUser } from "../../adapters/sql-stores.ts"
import { droppedTables, testTables } from "../../adapters/sql-stores.ts"

class RolledBack extends Error {}

/** Starts PGlite, which takes seconds. Stores share it, each with separate tables. */
export async function startPglite() {
  return new PGlite()
}

/** Opens the tables in a schema of their own. */
export async function openPglite(db, userId: UserIdType = "text") {
  const schema = ["DROP SCHEMA IF EXISTS tests CASCADE", "CREATE SCHEMA tests", "SET search_path TO tests"]
  await db.exec([...schema, ...testTables("postgres", userId)].join(";\n"))
  const sent: string[] = []
  const watched = new Proxy(db, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      if (typeof value !== "function") return value
      return (...args) => {
        if (name === "query") sent.push(args[0])
        return Reflect.apply(value, target, args)
      }
    },
  })
  return {
    dialect: "postgres" as const,
    sent,
    run: async (sql) => (await db.query(sql)).rows,
    adapter: (options?: SqlOptions) =>
      pgliteAdapter<TestUser, TestSession>(watched, { userIdType: userId, ...options }),
    inTransaction: (run) =>
      rolledBack(db, (inside) => run(pgliteAdapter<TestUser, TestSession>(inside, { userIdType: userId }))),
    close: () => db.close(),
  }
}

/** Starts D1 as Cloudflare runs it, with a Worker that runs the suite's cases. Nothing is sent to a network. */
export async function startD1(worker = "d1-worker.ts") {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, worker)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  })
  return new Miniflare({
    modules: true,
    script: outputFiles[0]!.text,
    compatibilityDate: "2026-04-01",
    d1Databases: ["DB"],
    cf: false,
    host: "127.0.0.1",
  })
}

/** Opens the tables in the one database that there is. */
export async function openD1(miniflare, userId: UserIdType = "text") {
  const db = keepingStatements(await miniflare.getD1Database("DB"))
  const run = async (sql) => (await db.prepare(sql).all()).results
  // At once: each call to the other process takes milliseconds.
  await db.batch(
    [...droppedTables("sqlite"), ...testTables("sqlite", userId)].map((statement) => db.prepare(statement)),
  )
  const sent: string[] = []
  const watched = {
    prepare: (sql) => (sent.push(sql), db.prepare(sql)),
    batch: (statements) => db.batch(statements),
  }
  return {
    dialect: "sqlite" as const,
    sent,
    db,
    run,
    adapter: (options?: SqlOptions) => d1Adapter<TestUser, TestSession>(watched, { userIdType: userId, ...options }),
    close: () => miniflare.dispose(),
  }
}

async function rolledBack(db, run) {
  try {
    await db.transaction(async (inside) => {
      await run(inside)
      throw new RolledBack()
    })
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
  }
}

/**
 * Keeps all statements of a database that Miniflare lends to this process. When one is collected here, Miniflare forgets
 * it in the Worker, on a busy machine before the batch that names it has arrived.
 */
function keepingStatements(db) {
  const lent = new Map()
  const keep = (statement) => {
    const kept = {
      bind: (...values) => keep(statement.bind(...values)),
      all: () => statement.all(),
      raw: () => statement.raw(),
      run: () => statement.run(),
    }
    lent.set(kept, statement)
    return kept
  }
  return {
    prepare: (sql) => keep(db.prepare(sql)),
    batch: (statements) => db.batch(statements.map((kept) => lent.get(kept))),
    withSession: (constraint) => keepingStatements(db.withSession(constraint)),
  }
}
