import { createHash } from "node:crypto"
import { afterEach, describe, expect, test, vi } from "vitest"
import { createAuth } from "../../../src/index.ts"
import { acceptLuciaTokens, fromLuciaAdapter, Lucia } from "../../../src/lucia.ts"
import { lucia as luciaV2 } from "../../../src/lucia-v2.ts"
import type { Adapter, InitializeAdapter } from "../../../src/lucia-v2.ts"
import { memoryLuciaAdapter as memoryV2 } from "../v2/memory-lucia-adapter.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"

const hash = (text: string) => createHash("sha256").update(text).digest("hex")
const uuid = "0b7dc2b5-6f0a-4a4e-9e62-0f6a2e6f9d11"
const clearId = "a".repeat(40)

afterEach(() => void vi.restoreAllMocks())

/** An error as a driver throws it. */
function driverError(code: string | number, message: string): Error {
  return Object.assign(new Error(message), typeof code === "number" ? { errno: code } : { code })
}

function setUp() {
  const adapter = memoryLuciaAdapter()
  adapter.users.set("ada", { id: "ada", attributes: {} })
  const addClear = (id = clearId) =>
    adapter.sessions.set(id, { id, userId: "ada", expiresAt: new Date(Date.now() + 1e9), attributes: {} })
  return { adapter, addClear, ids: () => [...adapter.sessions.keys()] }
}

/** A column of UUIDs: PostgreSQL refuses to compare it with other text. */
function setUpUuids() {
  const store = setUp()
  const { getSessionAndUser, setSession, deleteSession } = store.adapter
  const requireUuid = (id: string) => {
    if (id.length !== 36) throw driverError("22P02", `invalid input syntax for type uuid: "${id}"`)
  }
  Object.assign(store.adapter, {
    async getSessionAndUser(id: string) {
      requireUuid(id)
      return getSessionAndUser(id)
    },
    async setSession(session: { id: string }) {
      requireUuid(session.id)
      return setSession(session as never)
    },
    async deleteSession(id: string) {
      requireUuid(id)
      return deleteSession(id)
    },
  })
  return store
}

describe("an id column of UUIDs", () => {
  test("serves with clear ids: what is unknown is not found, and sessions end", async () => {
    const { adapter, addClear, ids } = setUpUuids()
    const lucia = new Lucia(adapter, { storedIds: "clear" })
    expect(await lucia.validateSession(uuid)).toEqual({ user: null, session: null })
    addClear(uuid)
    expect((await lucia.validateSession(uuid)).session?.id).toBe(uuid)
    await lucia.invalidateSession(uuid)
    expect(ids()).toEqual([])
  })

  test.each(["rekey", "hashed"] as const)("is named at the first use with %s ids", async (storedIds) => {
    const { adapter, addClear, ids } = setUpUuids()
    addClear(uuid)
    const lucia = new Lucia(adapter, { storedIds })
    const said = { code: "invalid_option", message: expect.stringMatching(/id column.*storedIds: "clear"/) as string }
    if (storedIds === "rekey") await expect(lucia.validateSession(uuid)).rejects.toMatchObject(said)
    await expect(lucia.createSession("ada", {})).rejects.toMatchObject(said)
    expect(ids()).toEqual([uuid])
  })

  test("an outage of the store is none of it", async () => {
    const { adapter } = setUp()
    const outage = new Error("connection refused")
    vi.spyOn(adapter, "getSessionAndUser").mockRejectedValue(outage)
    for (const storedIds of ["clear", "rekey", "hashed"] as const)
      await expect(new Lucia(adapter, { storedIds }).validateSession(clearId)).rejects.toBe(outage)
    vi.restoreAllMocks()
    const { getSessionAndUser } = adapter
    let isDown = false
    adapter.getSessionAndUser = async (id) => {
      if (isDown) throw outage
      isDown = true
      return getSessionAndUser(id)
    }
    await expect(new Lucia(adapter, { storedIds: "clear" }).validateSession(clearId)).rejects.toBe(outage)
  })
})

describe("an id column of 40 characters", () => {
  test.each([
    ["PostgreSQL", driverError("22001", "value too long for type character varying(40)")],
    ["MySQL", driverError(1406, "Data too long for column 'id' at row 1")],
    ["Prisma", driverError("P2000", "The provided value for the column is too long for the column's type.")],
  ])("is named by the first write with hashed ids: %s", async (_, error) => {
    const { adapter, addClear, ids } = setUp()
    addClear()
    vi.spyOn(adapter, "setSession").mockRejectedValue(error)
    const lucia = new Lucia(adapter)
    const said = { code: "invalid_option", message: expect.stringMatching(/too short.*storedIds: "clear"/) as string }
    await expect(lucia.createSession("ada", {})).rejects.toMatchObject({ ...said, cause: error })
    await expect(lucia.validateSession(clearId)).rejects.toMatchObject({ ...said, cause: error })
    expect(ids()).toEqual([clearId])
    expect((await new Lucia(adapter, { storedIds: "clear" }).validateSession(clearId)).session?.id).toBe(clearId)
  })

  test.each([
    driverError("22001", "value too long for type character varying(64)"),
    driverError(1406, "Data too long for column 'label' at row 1"),
    new Error("FOREIGN KEY constraint failed"),
  ])("is not blamed for another column: %s", async (error) => {
    const { adapter } = setUp()
    vi.spyOn(adapter, "setSession").mockRejectedValue(error)
    await expect(new Lucia(adapter).createSession("ada", {})).rejects.toBe(error)
  })

  test.each([
    ["cuts ids, as MySQL outside of its strict mode", (id: string) => id.slice(0, 40)],
    ["pads ids, as CHAR(80)", (id: string) => id.padEnd(80)],
  ])("is named where it %s", async (_, change) => {
    const { adapter, ids } = setUp()
    const { setSession } = adapter
    adapter.setSession = (session) => setSession({ ...session, id: change(session.id) })
    await expect(new Lucia(adapter).createSession("ada", {})).rejects.toMatchObject({ code: "invalid_option" })
    expect(ids()).toEqual([])
  })

  test("is not blamed where a replica is behind", async () => {
    const { adapter } = setUp()
    vi.spyOn(adapter, "getSessionAndUser").mockResolvedValue([null, null])
    vi.spyOn(adapter, "getUserSessions").mockResolvedValue([])
    expect((await new Lucia(adapter).createSession("ada", {})).userId).toBe("ada")
  })
})

/** A table with `UNIQUE (user_id)`. */
function setUpUnique() {
  const store = setUp()
  const { setSession } = store.adapter
  store.adapter.setSession = async (session) => {
    const others = [...store.adapter.sessions.values()].filter(({ userId }) => userId === session.userId)
    if (others.length > 0) throw driverError("23505", "duplicate key value violates unique constraint")
    return setSession(session)
  }
  return store
}

describe("a table with a unique user id", () => {
  test("has its session replaced by rekey, for all of many racing requests", async () => {
    const { adapter, addClear, ids } = setUpUnique()
    addClear()
    const lucia = new Lucia(adapter)
    const results = await Promise.all(Array.from({ length: 4 }, () => lucia.validateSession(clearId)))
    expect(results.map(({ session }) => session?.id)).toContain(clearId)
    expect(ids()).toEqual([hash(clearId)])
    expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
  })

  test("has its session taken over and rotated by createAuth", async () => {
    const { adapter, addClear, ids } = setUpUnique()
    addClear()
    const own = fromLuciaAdapter<{ id: string }>(adapter)
    const auth = acceptLuciaTokens(createAuth({ adapter: own, session: { absoluteTimeout: false } }), { adapter: own })
    expect((await auth.validateSession(clearId)).session?.userId).toBe("ada")
    const rotated = await auth.rotateSession(clearId)
    expect(rotated).not.toBeNull()
    expect(ids()).toEqual([hash(rotated!.token)])
  })

  test("keeps the old session if the new one cannot be stored", async () => {
    const { adapter, addClear, ids } = setUpUnique()
    addClear()
    const { setSession } = adapter
    adapter.setSession = async (session) => {
      if (session.id !== clearId && adapter.sessions.size === 0) throw new Error("disk full")
      return setSession(session)
    }
    expect((await new Lucia(adapter).validateSession(clearId)).session?.id).toBe(clearId)
    expect(ids()).toEqual([clearId])
  })

  test("has its session replaced through an adapter of Lucia v2", async () => {
    const { adapter, sessions, users } = memoryV2()
    users.set("ada", { id: "ada" })
    sessions.set(clearId, {
      id: clearId,
      user_id: "ada",
      active_expires: Date.now() + 1e6,
      idle_expires: Date.now() + 1e7,
    })
    const unique: InitializeAdapter<Adapter> = (E) => {
      const own = adapter(E)
      return {
        ...own,
        async setSession(session) {
          if (sessions.size > 0) throw driverError("P2002", "Unique constraint failed on the fields: (`user_id`)")
          return own.setSession(session)
        },
      }
    }
    const auth = luciaV2({ adapter: unique, env: "DEV" })
    expect((await auth.validateSession(clearId)).sessionId).toBe(clearId)
    expect([...sessions.keys()]).toEqual([hash(clearId)])
  })
})

test("a session to which rows of another table refer stays as it is, and the console says so once", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {})
  const { adapter, addClear, ids } = setUp()
  addClear()
  const { deleteSession } = adapter
  adapter.deleteSession = async (id) => {
    if (id === clearId) throw driverError(1451, "Cannot delete or update a parent row: a foreign key constraint fails")
    return deleteSession(id)
  }
  const lucia = new Lucia(adapter)
  for (let visit = 0; visit < 3; visit++) expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
  expect(ids()).toEqual([clearId])
  expect(warn).toHaveBeenCalledTimes(1)
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/session\.id.*storedIds/))
})
