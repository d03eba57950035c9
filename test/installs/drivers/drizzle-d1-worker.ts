import { drizzle } from "drizzle-orm/d1"
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core"
import { drizzleAdapter } from "../../../adapters/drizzle.ts"
import { adapterCases } from "../../../src/testing/adapter-cases.ts"
import { testTableNames } from "../../adapters/test-table-names.ts"

const tables = {
  user: sqliteTable("user", { id: text().primaryKey(), username: text().notNull().unique() }),
  session: sqliteTable("session", {
    id: text().primaryKey(),
    userId: text("user_id").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
    label: text(),
  }),
  key: sqliteTable("user_key", {
    id: text().primaryKey(),
    userId: text("user_id").notNull(),
    hashedPassword: text("hashed_password"),
  }),
}

/** Runs the case whose number is in the path, and returns its result. */
export default {
  async fetch(request, { DB }) {
    const index = new URL(request.url).pathname.slice(1)
    const { name, run } = adapterCases[index]
    try {
      await run(() => emptyStore(DB))
      return new Response(`passed: ${name}`)
    } catch (error) {
      return new Response(`failed: ${error.stack} ${error.cause?.stack}`)
    }
  },
}

async function emptyStore(db) {
  await db.batch(testTableNames.map((table) => db.prepare(`DELETE FROM "${table}"`)))
  let listener = () => undefined
  const adapter = drizzleAdapter(drizzle(db, { logger: { logQuery: () => listener() } }), tables)
  return {
    adapter,
    addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
  }
}
