import { DatabaseSync } from "node:sqlite"
import { databaseUser, testAdapter } from "@lucia-auth/adapter-test"
import type { Adapter } from "lucia"
import { test } from "vitest"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../../adapters/pg.ts"
import { schema } from "../../../adapters/sql.ts"
import { postgresServer } from "../../servers.ts"

const server = await postgresServer()
const user = { ...databaseUser.attributes, id: databaseUser.id }
const sessionColumns = { country: "TEXT" }

test("the suite that Lucia published passes over the memory adapter", async () => {
  const adapter = memoryAdapter<typeof user>()
  await adapter.insertUser({ id: user.id, attributes: databaseUser.attributes }, null)
  await testAdapter(behindLuciaContract(adapter))
})

test("the suite that Lucia published passes over SQLite", async () => {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT)`)
  for (const statement of schema("sqlite", { sessionColumns })) db.exec(statement)
  db.prepare(`INSERT INTO "user" VALUES (?, ?)`).run(user.id, user.username)
  await testAdapter(behindLuciaContract(nodeSqliteAdapter(db)))
  db.close()
})

test.skipIf(!server)("the suite that Lucia published passes over PostgreSQL", async () => {
  const { pool, close } = server!
  await pool.query(`CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT)`)
  for (const statement of schema("postgres", { sessionColumns })) await pool.query(statement)
  await pool.query(`INSERT INTO "user" VALUES ($1, $2)`, [user.id, user.username])
  await testAdapter(behindLuciaContract(pgAdapter(pool)))
  await close()
})

function behindLuciaContract(adapter): Adapter {
  const toLucia = ({ id, userId, expiresAt, attributes }) => ({ id, userId, expiresAt, attributes: { ...attributes } })
  return {
    async getSessionAndUser(sessionId) {
      const found = await adapter.findSession(sessionId)
      if (!found?.user) return [null, null]
      const { id, ...attributes } = found.user
      return [toLucia(found.session), { id, attributes }]
    },
    getUserSessions: async (userId) => (await adapter.listSessions(userId)).map(toLucia),
    setSession: (session) => adapter.insertSession({ ...session, createdAt: new Date() }),
    async updateSessionExpiration(id, expiresAt) {
      await adapter.extendSession(id, expiresAt, new Date(expiresAt.getTime() - 1))
    },
    async deleteSession(id) {
      await adapter.deleteSession(id)
    },
    deleteUserSessions: (userId) => adapter.deleteUserSessions(userId),
    async deleteExpiredSessions() {
      await adapter.deleteExpiredSessions(new Date(), 1000)
    },
  }
}
