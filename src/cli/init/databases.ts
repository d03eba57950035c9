import { sessionTables, userTable } from "../schema/sql-script.ts"

/** A database library that `init` writes code for. */
export interface Database {
  /** The package name, which is also the value of `--database`. */
  name: string
  title: string
  /** The package with its types, if TypeScript needs one. */
  types?: string
  /** The module that exports `adapter`, for Next.js or for a server that loads each module once. */
  code(isNext: boolean): string
  /** The tables, for databases that need a separate migration. */
  tables?: string
  /** How to create the tables from the file at a path. */
  create?(path: string): string
}

const userRow = `«export interface UserRow {
  id: string
  username: string
}

»`

export const databases: readonly Database[] = [
  {
    name: "node:sqlite",
    title: "SQLite of Node.js",
    code: (isNext) => `import { DatabaseSync } from "node:sqlite"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { schema } from "nightlatch/adapters/sql"

${userRow}${opened("db", "DatabaseSync", "open()", isNext)}
export const adapter = nodeSqliteAdapter«<UserRow>»(db)

${opening("DatabaseSync", isNext)}`,
  },
  {
    name: "better-sqlite3",
    title: "SQLite through better-sqlite3",
    types: "@types/better-sqlite3",
    code: (isNext) => `import Database from "better-sqlite3"
import { betterSqlite3Adapter } from "nightlatch/adapters/better-sqlite3"
import { schema } from "nightlatch/adapters/sql"

${userRow}${opened("db", "Database.Database", "open()", isNext)}
export const adapter = betterSqlite3Adapter«<UserRow>»(db)

${opening("Database", isNext)}`,
  },
  {
    name: "pg",
    title: "PostgreSQL through pg",
    types: "@types/pg",
    code: (isNext) => `import pg from "pg"
import { pgAdapter } from "nightlatch/adapters/pg"

${userRow}${opened("pool", "pg.Pool", "open()", isNext)}
export const adapter = pgAdapter«<UserRow>»(pool)

function open() {
  // Without a listener, a lost connection would end the process.
  return new pg.Pool({ connectionString: process.env.DATABASE_URL }).on("error", console.error)
}
`,
    tables: tablesOf("postgres"),
    create: (path) => `psql "$DATABASE_URL" -f ${path}`,
  },
  {
    name: "postgres",
    title: "PostgreSQL through postgres.js",
    code: (isNext) => `import postgres from "postgres"
import { postgresAdapter } from "nightlatch/adapters/postgres"

${userRow}${opened("sql", "postgres.Sql", 'postgres(process.env.DATABASE_URL ?? "")', isNext)}
export const adapter = postgresAdapter«<UserRow>»(sql)
`,
    tables: tablesOf("postgres"),
    create: (path) => `psql "$DATABASE_URL" -f ${path}`,
  },
  {
    name: "mysql2",
    title: "MySQL or MariaDB through mysql2",
    code: (isNext) => `import mysql from "mysql2/promise"
import { mysql2Adapter } from "nightlatch/adapters/mysql2"

${userRow}${opened("pool", "mysql.Pool", 'mysql.createPool(process.env.DATABASE_URL ?? "")', isNext)}
export const adapter = mysql2Adapter«<UserRow>»(pool)
`,
    tables: tablesOf("mysql"),
    create: (path) => `mysql <your database> < ${path}`,
  },
]

/** Libraries that `init` does not support, with what to do instead. */
export const unsupported: Record<string, string> = {
  "drizzle-orm":
    "Print its tables with `nightlatch schema drizzle --dialect <name>` and follow docs/getting-started with drizzleAdapter().",
  "@prisma/client":
    "Print its models with `nightlatch schema prisma` and follow docs/getting-started with prismaAdapter().",
  kysely: "Print the tables with `nightlatch schema <database>` and follow docs/getting-started with kyselyAdapter().",
  "@libsql/client":
    "Print the tables with `nightlatch schema sqlite` and follow docs/getting-started with libsqlAdapter().",
  "@electric-sql/pglite":
    "Print the tables with `nightlatch schema postgres` and follow docs/getting-started with pgliteAdapter().",
  mongoose: "nightlatch has no adapter for MongoDB: docs/databases/custom.md shows how to write one.",
  mongodb: "nightlatch has no adapter for MongoDB: docs/databases/custom.md shows how to write one.",
}

function tablesOf(dialect: "postgres" | "mysql"): string {
  const note = "-- If you have a user table, keep it, and take only the others. They need its id to have this type."
  return `${[note, userTable(dialect, "text"), ...sessionTables(dialect, "text", {}, ["throttle"])].join("\n")}\n`
}

// Next.js runs the module again after each change.
function opened(name: string, type: string, open: string, isNext: boolean): string {
  if (!isNext) return `export const ${name} = ${open}\n`
  return `// Next.js runs this file again when it changes in development. The database stays open.
const kept = globalThis« as { ${name}?: ${type} }»

export const ${name} = (kept.${name} ??= ${open})
`
}

function opening(constructor: string, isNext: boolean): string {
  const file = 'process.env.DATABASE ?? "app.db"'
  const path = isNext ? `process.env.NEXT_PHASE === "phase-production-build" ? ":memory:" : (${file})` : file
  const why = isNext ? "  // `next build` runs this file in several processes, and has nothing to store.\n" : ""
  const table = userTable("sqlite", "text")
    .slice(0, -1)
    .replaceAll("\n", "\n    ")
    .replace(/ {4}\)$/, "  )")
  return `function open() {
${why}  const db = new ${constructor}(${path}, { timeout: 5000 })
  db.exec("PRAGMA journal_mode = WAL")
  db.exec(\`${table}\`)
  for (const statement of schema("sqlite", { include: ["throttle"] })) db.exec(statement)
  return db
}
`
}
