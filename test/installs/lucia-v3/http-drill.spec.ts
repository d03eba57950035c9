import { describe } from "vitest"
import { schema } from "../../../adapters/sql.ts"
import { openPostgresDrill, openSqliteDrill } from "./drill-server-process.ts"
import { drills } from "./http-drills.ts"

const day = 86_400_000
const minute = 60_000
const tables = (time) => `
  CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL);
  CREATE TABLE session (id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES "user" (id), expires_at ${time} NOT NULL,
    device TEXT);`

const ownTables = { user: "user", session: "auth_session", key: "auth_key" }

const app = {
  file: new URL("drill-server.ts", import.meta.url),
  dropIn: { lucia: new URL("../../../src/lucia.ts", import.meta.url).href },
  isV3: true,
  tables: ["session", "user"],
  ownTables,
  setCookie: (value) => `auth_session=${value}; HttpOnly; Max-Age=1728000; Path=/; SameSite=Lax; Secure`,
  shape: (line) => line,
  // Sessions live for 20 days here, and are extended when 10 are left.
  people: [
    { name: "over", signedIn: 21 * day, isIn: false },
    { name: "nearlyOver", signedIn: 20 * day - minute, isIn: true },
    { name: "renewed", signedIn: 15 * day, used: 3 * day, isIn: true },
    { name: "due", signedIn: 12 * day, isIn: true },
    { name: "recent", signedIn: day, isIn: true },
    { name: "signedOut", signedIn: day, isIn: false },
    { name: "everywhere", signedIn: day, isIn: false },
  ],
}

const postgres = await openPostgresDrill("")
await postgres?.close()
// Where .ci/run asks for less, PostgreSQL has all drills, and SQLite the way there and back.
const inShort = Boolean(postgres && process.env.NIGHTLATCH_SHORT)

describe("SQLite, through adapter-sqlite over better-sqlite3", { timeout: 60_000 }, () =>
  drills(app, {
    inShort,
    open: async () => openSqliteDrill(tables("INTEGER")),
    moveTables: moveTables("sqlite", "expires_at * 1000"),
  }),
)
if (postgres)
  describe("PostgreSQL, through adapter-postgresql over pg", { timeout: 60_000 }, () =>
    drills(app, {
      canPause: true,
      open: () => openPostgresDrill(tables("TIMESTAMPTZ")),
      moveTables: moveTables("postgres", "CAST(EXTRACT(EPOCH FROM expires_at) * 1000 AS BIGINT)"),
    }),
  )

// Of when a session was created it is known only that it was 20 days or more before its deadline.
function moveTables(dialect, deadline) {
  return [
    ...schema(dialect, { tables: ownTables, sessionColumns: { device: "TEXT" } }),
    `INSERT INTO auth_session (id, user_id, created_at, expires_at, device)
      SELECT id, user_id, ${deadline} - ${20 * day}, ${deadline}, device FROM session`,
    `INSERT INTO auth_key (id, user_id, hashed_password)
      SELECT 'username:' || lower(username), id, password_hash FROM "user"`,
  ]
}
