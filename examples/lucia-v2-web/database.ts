import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { schema } from "nightlatch/adapters/sql"

/** The database: `DATABASE` names its file, or is `:memory:`. */
export const db = new DatabaseSync(process.env.DATABASE || fileURLToPath(new URL("example.db", import.meta.url)), {
  timeout: 5000,
})

db.exec("PRAGMA journal_mode = WAL")
db.exec("CREATE TABLE IF NOT EXISTS user (id TEXT NOT NULL PRIMARY KEY, username TEXT NOT NULL UNIQUE)")
for (const statement of schema("sqlite")) db.exec(statement)
