import type { Pool } from "mysql2/promise"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { sqlAdapter } from "../../adapters/sql.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { testAdapter, testConcurrency } from "../../src/testing.ts"
import { galeraServers } from "../servers.ts"
import type { GaleraAdapterName, GaleraStore } from "./galera-nodes.ts"
import { byTurns, openGalera } from "./galera-nodes.ts"
import type { TestSession, TestUser } from "./sql-stores.ts"
import { empty, idMaker, mysqlPoolExecutor } from "./sql-stores.ts"

const names: GaleraAdapterName[] = ["sqlAdapter", "mysql2Adapter"]
const alice = { id: 1n, attributes: { username: "alice" } }
const times = { createdAt: new Date(1_700_000_000_000), expiresAt: new Date(2_000_000_000_000) }
const cluster = await galeraServers()
// A row that is locked is locked on one node only, and a key that is left is not written. docs/databases/mysql.md says so.
const notAcrossNodes = new Set([
  "deleteKey() during another deleteKey() leaves the user one of two keys",
  "a user's 4 keys are deleted at once: one is left",
  "a new key during a change of the password: it has the new one, or sees that the others have it",
])

function testAcrossNodes(name: string, run: () => Promise<void>): void {
  if (!notAcrossNodes.has(name)) test(name, run)
}

describe.skipIf(!cluster)("a Galera cluster of two nodes", () => {
  let store: GaleraStore
  beforeAll(async () => {
    store = await openGalera(cluster?.urls ?? [])
  })
  afterAll(async () => {
    await store?.close()
    await cluster?.close()
  })

  for (const name of names) {
    describe(`${name}(), whose calls go to the nodes by turns`, () => {
      testAdapter(testAcrossNodes, async () => {
        await empty({ dialect: "mysql", run: store.run })
        const adapter = byTurns(store.nodes.map((node) => node.adapter(name)))
        return {
          adapter,
          userId: idMaker("bigint"),
          addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
        }
      })
    })

    describe(`${name}(), one on each node`, () => {
      beforeAll(() => empty({ dialect: "mysql", run: store.run }))
      testConcurrency(testAcrossNodes, () => {
        const adapters = store.nodes.map((node) => node.adapter(name))
        const [adapter] = adapters
        return {
          adapters,
          duration: 400,
          userId: idMaker("bigint"),
          addUser: ({ id, username }) => adapter?.insertUser({ id, attributes: { username } }, null),
        }
      })
    })
  }

  describe("two writers that meet", () => {
    beforeEach(() => empty({ dialect: "mysql", run: store.run }))

    test("[F5] a call that loses to the other node's commit is tried again, as a whole, and both changes are kept", async () => {
      const [a, b] = store.nodes
      if (!a || !b) throw new Error("A node is missing.")
      const errors: unknown[] = []
      const [onA, onB] = [a.pool, b.pool].map((pool) => noting(pool, errors))
      await a.adapter().insertUser(alice, { providerId: "n", providerUserId: "0", passwordHash: "hash-0" })
      for (let n = 1; n <= 60; n++) {
        const id = `s${n}`
        await a.adapter().insertSession({ id, userId: 1n, ...times, attributes: { label: "new" } })
        await Promise.all([
          onA?.updateSession(id, { label: `a${n}` }),
          onB?.updateSession(id, { label: `b${n}` }),
          onA?.updateUser(1n, { role: `a${n}` }),
          onB?.updateUser(1n, { email: `b${n}` }),
        ])
      }
      expect(errors.length).toBeGreaterThan(0)
      expect(await a.adapter().findUser(1n)).toMatchObject({ role: "a60", email: "b60" })
      const labels = await store.run("SELECT label FROM session WHERE label = 'new'")
      expect(labels).toEqual([])
    })
  })

  describe("what one node has written, on the other", () => {
    beforeEach(() => empty({ dialect: "mysql", run: store.run }))

    test("[F9] a node that is behind answers from the past, unless its connections wait", async () => {
      const [a, b] = store.nodes
      const [, hasty] = store.openHasty()
      if (!a || !b || !hasty) throw new Error("A node is missing.")
      await a.adapter().insertUser(alice, null)
      const [onA, waiting, notWaiting] = [a, b, hasty].map((node) => createAuth({ adapter: node.adapter() }))
      if (!onA || !waiting || !notWaiting) throw new Error("An auth is missing.")
      const { token } = await onA.createSession(1n)
      expect((await waiting.validateSession(token)).session).not.toBeNull()

      const brake = await b.pool.getConnection()
      await brake.query("FLUSH TABLES WITH READ LOCK")
      await onA.invalidateUserSessions(1n)
      expect((await notWaiting.validateSession(token)).session).not.toBeNull()
      let isAnswered = false
      const answer = waiting.validateSession(token).finally(() => (isAnswered = true))
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(isAnswered).toBe(false)
      await brake.query("UNLOCK TABLES")
      brake.release()
      expect((await answer).session).toBeNull()
    })

    test("whoever has signed in on one node can at once be signed out on the other", async () => {
      const [a, b] = store.nodes.map((node) => createAuth({ adapter: node.adapter() }))
      if (!a || !b) throw new Error("A node is missing.")
      await store.nodes[0]?.adapter().insertUser(alice, null)
      for (let n = 0; n < 100; n++) {
        const { token, session } = await a.createSession(1n)
        await (n % 2 ? b.invalidateSession(session.id) : b.invalidateUserSessions(1n))
        expect((await a.validateSession(token)).session).toBeNull()
      }
    })
  })
})

/** An adapter whose executor notes how the driver's calls fail. */
function noting(pool: Pool, errors: unknown[]) {
  const executor = mysqlPoolExecutor(pool)
  async function noted<Result>(call: Promise<Result>): Promise<Result> {
    return call.catch((error: unknown) => {
      errors.push((error as { errno?: number }).errno)
      throw error
    })
  }
  return sqlAdapter<TestUser, TestSession, keyof TestUser>({
    dialect: "mysql",
    userIdType: "bigint",
    executor: {
      query: (sql, params) => noted(executor.query(sql, params)),
      execute: (sql, params) => noted(executor.execute(sql, params)),
      batch: (statements) => noted(executor.batch?.(statements) ?? Promise.reject(new Error("no batch"))),
    },
  })
}
