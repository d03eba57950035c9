import { describe } from "vitest"
import { schema } from "../../../adapters/sql.ts"
import { openPostgresDrill, openSqliteDrill } from "../lucia-v3/drill-server-process.ts"
import { drills } from "../lucia-v3/http-drills.ts"

const day = 86_400_000
const hour = 3_600_000
const minute = 60_000
const source = (name) => new URL(`../../../src/${name}.ts`, import.meta.url).href
const tables = `
  CREATE TABLE auth_user (id VARCHAR(15) PRIMARY KEY, username TEXT NOT NULL UNIQUE);
  CREATE TABLE user_key (id VARCHAR(255) PRIMARY KEY, user_id VARCHAR(15) NOT NULL REFERENCES auth_user (id),
    hashed_password VARCHAR(255));
  CREATE TABLE user_session (id VARCHAR(127) PRIMARY KEY, user_id VARCHAR(15) NOT NULL REFERENCES auth_user (id),
    active_expires BIGINT NOT NULL, idle_expires BIGINT NOT NULL, device TEXT);`

// Lucia's keys are ours.
const ownTables = { user: "auth_user", session: "auth_session", key: "user_key" }

const app = {
  file: new URL("drill-server.ts", import.meta.url),
  dropIn: { lucia: source("lucia-v2"), "lucia/middleware": source("lucia-v2/middleware") },
  ownTables,
  tables: ["user_session", "user_key", "auth_user"],
  setCookie: (value) => `auth_session=${value}; Path=/; Expires=in 15 days; HttpOnly; SameSite=Lax`,
  shape: (line) => line.replace(/(?<=Expires=)[^;]+/, inDays),
  // Sessions are active for a day, and idle for another 14.
  people: [
    { name: "over", signedIn: 16 * day, isIn: false },
    { name: "nearlyOver", signedIn: 15 * day - minute, isIn: true },
    { name: "renewed", signedIn: 10 * day, used: 5 * day, isIn: true },
    { name: "due", signedIn: 3 * day, isIn: true },
    { name: "recent", signedIn: hour, isIn: true },
    { name: "signedOut", signedIn: hour, isIn: false },
    { name: "everywhere", signedIn: hour, isIn: false },
  ],
}

const postgres = await openPostgresDrill("")
await postgres?.close()
// Where .ci/run asks for less, PostgreSQL has all drills, and SQLite the way there and back.
const inShort = Boolean(postgres && process.env.NIGHTLATCH_SHORT)

describe("SQLite, through adapter-sqlite over better-sqlite3", { timeout: 60_000 }, () =>
  drills(app, { inShort, open: async () => openSqliteDrill(tables), moveTables: moveTables("sqlite") }),
)
if (postgres)
  describe("PostgreSQL, through adapter-postgresql over pg", { timeout: 60_000 }, () =>
    drills(app, { canPause: true, open: () => openPostgresDrill(tables), moveTables: moveTables("postgres") }),
  )

// Of when a session was created it is known only that it was 15 days or more before its deadline.
function moveTables(dialect) {
  return [
    ...schema(dialect, { tables: ownTables, sessionColumns: { device: "TEXT" } }),
    `INSERT INTO auth_session (id, user_id, created_at, expires_at, device)
      SELECT id, user_id, idle_expires - ${15 * day}, idle_expires, device FROM user_session`,
  ]
}

function inDays(date) {
  return `in ${Math.round((Date.parse(date) - Date.now()) / day)} days`
}
