import { DatabaseSync } from "node:sqlite"
import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../../adapters/node-sqlite.ts"
import { schema } from "../../../adapters/sql.ts"
import { createAuth } from "../../../src/index.ts"
import type { SessionAdapter, UserAdapter } from "../../../src/index.ts"
import { acceptLuciaTokens, fromLuciaAdapter, Lucia } from "../../../src/lucia.ts"
import { __experimental_joinAdapters as joinAdapters } from "../../../src/lucia-v2/utils.ts"
import { lucia as luciaV2 } from "../../../src/lucia-v2.ts"
import type { AdapterOption, StoredIds } from "../../../src/lucia-v2.ts"
import { memoryLuciaAdapter as memoryV2 } from "../v2/memory-lucia-adapter.ts"
import { inexactAdapter, inexactMap, spellingsOf } from "./inexact.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"

type OwnAdapter = UserAdapter<{ id: string }> & SessionAdapter<{ id: string }>

/** What a drop-in is asked to do with an id; `validate` resolves to whether it lets a visitor in. */
interface DropIn {
  createSession(): Promise<string>
  validate(id: string): Promise<boolean>
  change(id: string): Promise<unknown>
}

const policy = { session: { absoluteTimeout: false as const } }
const allStoredIds: StoredIds[] = ["clear", "rekey", "hashed"]

function ofLucia(lucia: Lucia): DropIn {
  return {
    createSession: async () => (await lucia.createSession("ada", {})).id,
    validate: async (id) => (await lucia.validateSession(id)).session !== null,
    change: (id) => lucia.invalidateSession(id),
  }
}

function ofV2(adapter: AdapterOption, storedIds: StoredIds): DropIn {
  const auth = luciaV2({ adapter, env: "DEV", storedIds })
  const isIn = (call: Promise<unknown>) => call.then(Boolean, () => false)
  return {
    createSession: async () => (await auth.createSession({ userId: "ada", attributes: {} })).sessionId,
    validate: async (id) => (await isIn(auth.validateSession(id))) || isIn(auth.getSession(id)),
    async change(id) {
      await isIn(auth.updateSessionAttributes(id, {}))
      await auth.invalidateSession(id)
    },
  }
}

function ofAuth(adapter: SessionAdapter<{ id: string }>): DropIn {
  const auth = acceptLuciaTokens(createAuth({ adapter, ...policy }), { adapter })
  return {
    createSession: async () => (await auth.createSession("ada")).token,
    validate: async (id) => (await auth.validateSession(id)).session !== null,
    async change(id) {
      await auth.invalidateSession(id)
      await auth.rotateSession(id)
    },
  }
}

/** A store whose id columns are not exact, every drop-in that runs on it, and the ids of its sessions. */
interface Store {
  dropIns: Record<string, DropIn>
  ids(): string[]
}

const modesOf = (make: (storedIds: StoredIds) => DropIn) =>
  Object.fromEntries(allStoredIds.map((storedIds) => [storedIds, make(storedIds)]))

function ofV3Adapter(): Store {
  const adapter = memoryLuciaAdapter()
  adapter.users.set("ada", { id: "ada", attributes: {} })
  inexactMap(adapter.sessions)
  const dropIns = {
    ...modesOf((storedIds) => ofLucia(new Lucia(adapter, { storedIds }))),
    "fromLuciaAdapter, acceptLuciaTokens": ofAuth(fromLuciaAdapter<{ id: string }>(adapter)),
  }
  return { dropIns, ids: () => [...adapter.sessions.keys()] }
}

function ofV2Adapter(join: (store: ReturnType<typeof memoryV2>) => AdapterOption): () => Store {
  return () => {
    const store = memoryV2()
    store.users.set("ada", { id: "ada" })
    inexactMap(store.sessions)
    return { dropIns: modesOf((storedIds) => ofV2(join(store), storedIds)), ids: () => [...store.sessions.keys()] }
  }
}

async function ofOwnAdapter(adapter: OwnAdapter): Promise<Store> {
  const ids: string[] = []
  const users = new Set<string>()
  const insertSession: OwnAdapter["insertSession"] = async (session) => {
    await adapter.insertSession(session)
    ids.push(session.id)
  }
  const methods = ["findSession", "extendSession", "updateSession", "replaceSession", "deleteSession"]
  const own = inexactAdapter({ ...adapter, insertSession }, methods, () => ids)
  if (!users.has("ada")) await adapter.insertUser({ id: "ada", attributes: {} }, null)
  return {
    dropIns: {
      ...Object.fromEntries(
        allStoredIds.flatMap((storedIds) => [
          [`v3 ${storedIds}`, ofLucia(new Lucia(own, { storedIds }))],
          [`v2 ${storedIds}`, ofV2(own, storedIds)],
        ]),
      ),
      acceptLuciaTokens: ofAuth(own),
    },
    ids: () => ids,
  }
}

async function ofSqlite(type: string): Promise<Store> {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY); INSERT INTO "user" VALUES ('ada')`)
  for (const statement of schema("sqlite")) db.exec(statement.replace(/^( +id) TEXT/m, `$1 ${type}`))
  const adapter = nodeSqliteAdapter<{ id: string }>(db)
  const dropIns = {
    ...modesOf((storedIds) => ofLucia(new Lucia(adapter, { storedIds }))),
    ...Object.fromEntries(allStoredIds.map((storedIds) => [`v2 ${storedIds}`, ofV2(adapter, storedIds)])),
    acceptLuciaTokens: ofAuth(adapter),
  }
  return {
    dropIns,
    ids: () =>
      db
        .prepare("SELECT id FROM session")
        .all()
        .map(({ id }) => String(id)),
  }
}

describe.each<[string, () => Store | Promise<Store>]>([
  ["an adapter of Lucia v3", ofV3Adapter],
  ["an adapter of Lucia v2", ofV2Adapter(({ adapter }) => adapter)],
  ["adapters of Lucia v2 for users and sessions", ofV2Adapter(({ adapter }) => ({ user: adapter, session: adapter }))],
  ["joined adapters of Lucia v2", ofV2Adapter(({ adapter }) => joinAdapters(adapter, {}))],
  ["an adapter of this package", () => ofOwnAdapter(memoryAdapter<{ id: string }>())],
  ["SQLite with COLLATE NOCASE", () => ofSqlite("TEXT COLLATE NOCASE")],
  ["SQLite with COLLATE RTRIM", () => ofSqlite("TEXT COLLATE RTRIM")],
])("over %s with an id column that is not exact", (_, open) => {
  test("no spelling of a stored id signs anybody in, or ends or changes a session", async () => {
    const makers = Object.keys((await open()).dropIns)
    for (const maker of makers) {
      const { dropIns, ids } = await open()
      const cookie = await dropIns[maker]!.createSession()
      const [stored = ""] = ids()
      for (const [name, { validate, change }] of Object.entries(dropIns))
        for (const spelling of [...spellingsOf(stored), ...spellingsOf(cookie)]) {
          expect(await validate(spelling), `${name} took ${JSON.stringify(spelling)} of ${maker}`).toBe(false)
          await change(spelling)
          expect(ids(), `${name} changed ${JSON.stringify(spelling)} of ${maker}`).toEqual([stored])
        }
      expect(await dropIns[maker]!.validate(cookie)).toBe(true)
    }
  })
})

test("what looks like a hash is neither moved nor shown as an id in clear", async () => {
  for (const id of ["AB".repeat(32), `${"ab".repeat(32)}  `]) {
    const adapter = memoryLuciaAdapter()
    adapter.users.set("ada", { id: "ada", attributes: {} })
    adapter.sessions.set(id, { id, userId: "ada", expiresAt: new Date(Date.now() + 1e9), attributes: {} })
    for (const storedIds of allStoredIds) {
      const lucia = new Lucia(adapter, { storedIds })
      expect((await lucia.validateSession(id)).session).toBeNull()
      await lucia.getUserSessions("ada")
      expect([...adapter.sessions.keys()]).toEqual([id])
      if (storedIds === "clear")
        await expect(lucia.createSession("ada", {}, { sessionId: id })).rejects.toMatchObject({
          code: "invalid_option",
        })
    }
  }
})
