import { expect, test } from "vitest"
import { createAuth } from "../../../src/index.ts"
import type { SessionAdapter } from "../../../src/index.ts"
import { fromLuciaAdapter, Lucia } from "../../../src/lucia.ts"
import { lucia as luciaV2 } from "../../../src/lucia-v2.ts"
import type { Adapter, InitializeAdapter, SessionSchema, UserSchema } from "../../../src/lucia-v2.ts"
import type { Adapter as LuciaAdapter, DatabaseSession, DatabaseUser } from "../../../src/lucia/v3/lucia-adapter.ts"

/** As in `bson`, of which an application may have two copies: nothing here may ask for `instanceof`. */
class ObjectId {
  readonly #hex: string
  constructor(hex: string) {
    this.#hex = hex
  }
  equals(other: unknown): boolean {
    return String(other) === this.#hex
  }
  toString(): string {
    return this.#hex
  }
}

const ada = new ObjectId("65f0c3d1a4b2c3d4e5f60718")
const bob = new ObjectId("65f0c3d1a4b2c3d4e5f60719")
const copyOf = (id: ObjectId) => new ObjectId(String(id))

/** A store that compares ids as MongoDB does: an ObjectId is no text, and an operator finds everybody. */
const isSame = (stored: ObjectId, asked: unknown) =>
  typeof asked === "object" && asked !== null && ("$ne" in asked || stored.equals(asked))

function mongoV3() {
  const sessions = new Map<string, DatabaseSession<object, ObjectId>>()
  const users: DatabaseUser<object, ObjectId>[] = [ada, bob].map((id) => ({ id, attributes: {} }))
  const own = (userId: unknown) => [...sessions.values()].filter((session) => isSame(session.userId, userId))
  const adapter: LuciaAdapter = {
    async getSessionAndUser(id) {
      const session = sessions.get(id)
      if (!session) return [null, null]
      // Each document that is read has an object of its own.
      return [
        { ...session, userId: copyOf(session.userId) },
        users.find((user) => isSame(user.id, session.userId)) ?? null,
      ]
    },
    getUserSessions: async (userId) => own(userId),
    async setSession(session) {
      sessions.set(session.id, session as DatabaseSession<object, ObjectId>)
    },
    async updateSessionExpiration() {},
    async deleteSession(id) {
      sessions.delete(id)
    },
    async deleteUserSessions(userId) {
      for (const { id } of own(userId)) sessions.delete(id)
    },
    async deleteExpiredSessions() {},
  }
  return { adapter, sessions }
}

test.each(["clear", "rekey", "hashed"] as const)(
  "Lucia v3: user ids that are objects are compared by their text, with %s ids",
  async (storedIds) => {
    const { adapter, sessions } = mongoV3()
    const lucia = new Lucia(adapter, { storedIds })
    const id = (objectId: ObjectId) => copyOf(objectId) as unknown as string
    const session = await lucia.createSession(id(ada), {})
    const other = await lucia.createSession(id(bob), {})
    expect((await lucia.validateSession(session.id)).user?.id).toEqual(ada)
    expect(await lucia.getUserSessions(id(ada))).toHaveLength(1)
    await lucia.invalidateSession(session.id)
    expect((await lucia.validateSession(session.id)).session).toBeNull()
    await lucia.createSession(id(ada), {})
    await lucia.invalidateUserSessions(id(ada))
    expect((await lucia.validateSession(other.id)).user?.id).toEqual(bob)
    expect(sessions.size).toBe(1)
  },
)

test("Lucia v3: what a form or JSON can hold is no user's id", async () => {
  const { adapter, sessions } = mongoV3()
  const lucia = new Lucia(adapter)
  await lucia.createSession(ada as unknown as string, {})
  for (const id of [{ $ne: null }, ["x"], { toString: "x" }, null, Buffer.from("ada")]) {
    const userId = id as unknown as string
    await expect(lucia.invalidateUserSessions(userId)).rejects.toMatchObject({ code: "invalid_option" })
    await expect(lucia.getUserSessions(userId)).rejects.toMatchObject({ code: "invalid_option" })
    await expect(lucia.createSession(userId, {})).rejects.toMatchObject({ code: "invalid_option" })
  }
  expect(sessions.size).toBe(1)
})

test("createAuth over an adapter of Lucia v3: the owner of a session is told by the text of the id", async () => {
  const { adapter: lucia, sessions } = mongoV3()
  const adapter = fromLuciaAdapter(lucia) as SessionAdapter<{ id: string }>
  const auth = createAuth({ adapter, session: { absoluteTimeout: false } })
  const { session, token } = await auth.createSession(ada as unknown as string)
  expect((await auth.validateSession(token)).user?.id).toEqual(ada)
  expect(await auth.invalidateSession(session.id, { userId: copyOf(bob) as unknown as string })).toBe(false)
  expect(await auth.invalidateSession(session.id, { userId: copyOf(ada) as unknown as string })).toBe(true)
  await auth.createSession(ada as unknown as string)
  await auth.invalidateUserSessions(copyOf(ada) as unknown as string)
  expect(sessions.size).toBe(0)
})

test.each(["clear", "rekey", "hashed"] as const)(
  "Lucia v2: user ids that are objects reach the adapter as they are, with %s ids",
  async (storedIds) => {
    const { auth, sessions } = mongoV2(storedIds)
    const userId = copyOf(ada) as unknown as string
    expect((await auth.getUser(userId)).userId).toEqual(ada)
    const session = await auth.createSession({ userId, attributes: {} })
    expect((await auth.validateSession(session.sessionId)).user.userId).toEqual(ada)
    expect(await auth.getAllUserSessions(userId)).toHaveLength(1)
    await auth.invalidateAllUserSessions({ $ne: null } as unknown as string)
    expect(sessions.size).toBe(1)
    await expect(auth.getUser({ $ne: null } as unknown as string)).rejects.toThrow("AUTH_INVALID_USER_ID")
    await auth.invalidateAllUserSessions(userId)
    expect(sessions.size).toBe(0)
  },
)

function mongoV2(storedIds: "clear" | "rekey" | "hashed") {
  const sessions = new Map<string, SessionSchema>()
  const users = [ada, bob].map((id) => ({ id }) as unknown as UserSchema)
  const own = (userId: unknown) =>
    [...sessions.values()].filter((session) => isSame(session.user_id as unknown as ObjectId, userId))
  const findUser = (id: unknown) => users.find((user) => isSame(user.id as unknown as ObjectId, id)) ?? null
  const unused = async () => {}
  const adapter: InitializeAdapter<Adapter> = () => ({
    getUser: async (id) => findUser(id),
    setUser: unused,
    updateUser: unused,
    deleteUser: unused,
    getKey: async () => null,
    getKeysByUserId: async () => [],
    setKey: unused,
    updateKey: unused,
    deleteKey: unused,
    deleteKeysByUserId: unused,
    getSession: async (id) => sessions.get(id) ?? null,
    getSessionsByUserId: async (id) => own(id),
    setSession: async (session) => void sessions.set(session.id, session),
    updateSession: unused,
    deleteSession: async (id) => void sessions.delete(id),
    async deleteSessionsByUserId(id) {
      for (const session of own(id)) sessions.delete(session.id)
    },
  })
  return { auth: luciaV2({ adapter, env: "DEV", storedIds }), sessions }
}
