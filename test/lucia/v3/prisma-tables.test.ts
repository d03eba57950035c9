import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { pgAdapter } from "../../../adapters/pg.ts"
import { createAuth } from "../../../src/index.ts"
import { acceptLuciaTokens } from "../../../src/lucia.ts"
import { root } from "../../package/tarball.ts"
import { postgresServer } from "../../servers.ts"

const server = await postgresServer()
afterAll(() => server?.close())

const page = readFileSync(join(root, "docs/lucia/v3.md"), "utf8")
const cookie = "a".repeat(40)

function statements(heading: string): string {
  const [, text] = page.split(`-- ${heading}\n`)
  return text?.split("```")[0] ?? expect.fail(`The page has no "${heading}".`)
}

test.skipIf(!server)("Prisma's tables with numeric ids become ours, and Prisma's again", async () => {
  if (!server) return
  const { pool } = server
  // As Prisma makes them.
  await pool.query(`CREATE TABLE "User" (id SERIAL PRIMARY KEY, username TEXT NOT NULL, "passwordHash" TEXT)`)
  await pool.query(
    `CREATE TABLE "Session" (id TEXT PRIMARY KEY, "userId" INTEGER NOT NULL REFERENCES "User" (id), "expiresAt" TIMESTAMP(3) NOT NULL)`,
  )
  const expiresAt = new Date(Math.floor(Date.now() / 1000 + 20 * 86_400) * 1000 + 123)
  await pool.query(`INSERT INTO "User" (username, "passwordHash") VALUES ('Ada', 'hash')`)
  const written = expiresAt.toISOString().replace("Z", "")
  await pool.query(`INSERT INTO "Session" VALUES ($1, 1, $2::text::timestamp)`, [cookie, written])

  await pool.query(statements("Lucia v3, tables of Prisma with numeric ids, PostgreSQL"))
  const adapter = pgAdapter<{ id: number; username: string }>(pool, { tables: { user: "User" } })
  const auth = acceptLuciaTokens(createAuth({ adapter }), { adapter })
  expect((await auth.validateSession(cookie)).session).toMatchObject({ userId: 1, expiresAt })
  expect(await adapter.findKey("username", "ada")).toMatchObject({ userId: 1, passwordHash: "hash" })

  await pool.query(statements("Back to Lucia v3, tables of Prisma, PostgreSQL"))
  const { rows } = await pool.query(`SELECT "userId", "expiresAt"::text AS expires FROM "Session"`)
  expect(rows).toEqual([{ userId: 1, expires: written.replace("T", " ") }])
})
