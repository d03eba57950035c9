// @ts-nocheck -- Lucia is installed here only.
import { describe } from "vitest"
import { openPostgresDrill, openSqliteDrill } from "./drill-server-process.ts"
import { drills } from "./http-drills.ts"

const day = 86_400_000
const minute = 60_000
const schema = (time) => `
  CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL);
  CREATE TABLE session (id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES "user" (id), expires_at ${time} NOT NULL,
    device TEXT);`

const app = {
  file: new URL("drill-server.ts", import.meta.url),
  dropIn: { lucia: new URL("../../src/lucia.ts", import.meta.url).href },
  tables: ["session", "user"],
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

describe("SQLite, through adapter-sqlite over better-sqlite3", { timeout: 60_000 }, () =>
  drills(app, async () => openSqliteDrill(schema("INTEGER"))),
)
if (postgres)
  describe("PostgreSQL, through adapter-postgresql over pg", { timeout: 60_000 }, () =>
    drills(app, () => openPostgresDrill(schema("TIMESTAMPTZ"))),
  )
