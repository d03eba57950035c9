import { DatabaseSync } from "node:sqlite"
import { schema } from "nightlatch/adapters/sql"

// The database itself says who is first, so that two who sign up at once cannot both be.
const userTable = `
  CREATE TABLE IF NOT EXISTS user (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin'))
  );
  CREATE TRIGGER IF NOT EXISTS first_user_is_admin AFTER INSERT ON user WHEN (SELECT count(*) FROM user) = 1
  BEGIN
    UPDATE user SET role = 'admin' WHERE id = NEW.id;
  END;
`

// Next.js loads this module more than once: in development after every change.
const shared = globalThis as { exampleDatabase?: DatabaseSync }

/** The database: `DATABASE` names its file, or is `:memory:`. */
export const db = (shared.exampleDatabase ??= openDatabase())

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(databaseFile(), { timeout: 5000 })
  database.exec("PRAGMA journal_mode = WAL")
  database.exec(userTable)
  const sessionColumns = { device: "TEXT NOT NULL" }
  for (const statement of schema("sqlite", { sessionColumns, include: ["throttle"] })) database.exec(statement)
  return database
}

// A build looks at the pages in several processes at once, and shows nobody's.
function databaseFile(): string {
  return process.env.NEXT_PHASE === "phase-production-build" ? ":memory:" : process.env.DATABASE || "example.db"
}
