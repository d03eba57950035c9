import { createHash } from "node:crypto"
import { setImmediate } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { createAuth } from "../../../src/index.ts"
import {
  Cookie,
  generateId,
  generateIdFromEntropySize,
  LegacyScrypt,
  Lucia,
  Scrypt,
  TimeSpan,
  verifyRequestOrigin,
} from "../../../src/lucia.ts"
import type { LuciaOptions, StoredIds } from "../../../src/lucia.ts"
import { portableScrypt } from "../../../src/password/portable-scrypt.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"

const day = 86_400_000
const hash = (text: string) => createHash("sha256").update(text).digest("hex")
const clearId = "a".repeat(40)

function setUp(storedIds?: StoredIds, options: LuciaOptions<object, object> = {}) {
  const adapter = memoryLuciaAdapter()
  for (const id of ["ada", "bob"]) adapter.users.set(id, { id, attributes: { username: id, password_hash: "secret" } })
  const lucia = new Lucia(adapter, { ...options, ...(storedIds && { storedIds }) })
  const addClear = (id = clearId, userId = "ada", expiresAt = new Date(Date.now() + 20 * day)) =>
    adapter.sessions.set(id, { id, userId, expiresAt, attributes: {} })
  return { adapter, lucia, addClear, ids: () => [...adapter.sessions.keys()] }
}

describe.each(["clear", "rekey", "hashed"] as const)("with %s ids", (storedIds) => {
  test("a session is created, validated, listed and ended by what was listed or by what the cookie holds", async () => {
    const { lucia, ids } = setUp(storedIds, { getUserAttributes: (row) => ({ ...row }) })
    const first = await lucia.createSession("ada", {})
    const second = await lucia.createSession("ada", {})
    expect(first.id).toMatch(/^[a-z2-7]{40}$/)
    expect(ids()).toEqual([first, second].map(({ id }) => (storedIds === "clear" ? id : hash(id))))
    expect(await lucia.validateSession(first.id)).toEqual({
      session: { ...first, fresh: false },
      user: { id: "ada", username: "ada", password_hash: "secret" },
    })

    const listed = await lucia.getUserSessions("ada")
    expect(listed).toHaveLength(2)
    await lucia.invalidateSession(listed[0]!.id)
    const left = await lucia.getUserSessions("ada")
    expect(left.map(({ id }) => id)).toEqual([listed[1]!.id])
    const alive = (await lucia.validateSession(first.id)).session ? first : second
    await lucia.invalidateSession(alive.id)
    expect(await lucia.validateSession(alive.id)).toEqual({ session: null, user: null })
    expect(ids()).toEqual([])
  })

  test("nothing of 64 hex digits that the store holds signs anybody in", async () => {
    const { lucia, addClear, ids } = setUp(storedIds)
    addClear("b".repeat(64))
    await lucia.createSession("ada", {})
    for (const id of ids().filter((id) => id.length === 64))
      expect(await lucia.validateSession(id)).toEqual({ session: null, user: null })
  })

  test("what cannot be an id costs no read of the store", async () => {
    const { lucia, adapter } = setUp(storedIds)
    const reads = vi.spyOn(adapter, "getSessionAndUser")
    for (const id of ["", "x".repeat(256), "a\0b", null, undefined, 7, {}]) {
      expect(await lucia.validateSession(id as string)).toEqual({ session: null, user: null })
      await lucia.invalidateSession(id as string)
    }
    expect(reads).not.toHaveBeenCalled()
  })

  test("the application's own id of a session is kept, and found again", async () => {
    const { lucia } = setUp(storedIds)
    await lucia.createSession("ada", {}, { sessionId: "own" })
    expect((await lucia.validateSession("own")).session?.id).toBe("own")
    for (const sessionId of ["", "a\0b"])
      await expect(lucia.createSession("ada", {}, { sessionId })).rejects.toMatchObject({ code: "invalid_option" })
  })

  test("all sessions of a user end, and nobody else's", async () => {
    const { lucia, addClear } = setUp(storedIds)
    addClear()
    const ada = await lucia.createSession("ada", {})
    const bob = await lucia.createSession("bob", {})
    await lucia.invalidateUserSessions("ada")
    for (const id of [ada.id, clearId]) expect((await lucia.validateSession(id)).session).toBeNull()
    expect((await lucia.validateSession(bob.id)).session?.userId).toBe("bob")
  })
})

describe("clear ids", () => {
  test("stay as they are with clear", async () => {
    const { lucia, addClear, ids } = setUp("clear")
    addClear()
    expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
    expect(ids()).toEqual([clearId])
    await expect(lucia.createSession("ada", {}, { sessionId: "b".repeat(64) })).rejects.toThrow(/hash/)
  })

  test("[P1] are replaced by their hashes with rekey, for all of many racing requests", async () => {
    const { lucia, addClear, ids } = setUp()
    addClear()
    const results = await Promise.all(Array.from({ length: 8 }, () => lucia.validateSession(clearId)))
    for (const { session } of results) expect(session).toMatchObject({ id: clearId, userId: "ada" })
    expect(ids()).toEqual([hash(clearId)])
    expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
  })

  test("are replaced new row first, so that a crash before the deletion leaves both", async () => {
    const { lucia, adapter, addClear, ids } = setUp()
    addClear()
    vi.spyOn(adapter, "deleteSession").mockRejectedValue(new Error("crashed"))
    await lucia.validateSession(clearId).catch(() => undefined)
    expect(ids()).toEqual([clearId, hash(clearId)])
    vi.restoreAllMocks()
    expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
    expect(await lucia.getUserSessions("ada")).toHaveLength(1)
  })

  test.each([clearId, hash(clearId)])("of which a crash left both rows end with both, by %s", async (id) => {
    const { lucia, addClear, ids } = setUp()
    addClear()
    addClear(hash(clearId))
    await lucia.invalidateSession(id)
    expect(ids()).toEqual([])
    expect((await lucia.validateSession(clearId)).session).toBeNull()
  })

  test("are listed as hashes, by which they end", async () => {
    const { lucia, addClear, ids } = setUp()
    addClear()
    expect((await lucia.getUserSessions("ada")).map(({ id }) => id)).toEqual([hash(clearId)])
    await lucia.invalidateSession(hash(clearId))
    expect(ids()).toEqual([])
  })

  test("are found when another request replaces them between two reads", async () => {
    const { lucia, adapter, addClear } = setUp()
    addClear()
    const { getSessionAndUser } = adapter
    adapter.getSessionAndUser = async (id) => {
      const found = await getSessionAndUser(id)
      adapter.getSessionAndUser = getSessionAndUser
      await new Lucia(adapter).validateSession(clearId)
      return found
    }
    expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
  })

  test.each(["clear", "rekey"] as const)(
    "are found with %s when another request replaces them between the adapter's reads of session and user",
    async (storedIds) => {
      const { lucia, adapter, addClear } = setUp(storedIds)
      addClear()
      const { getSessionAndUser } = adapter
      adapter.getSessionAndUser = async (id) => {
        const [session, user] = await getSessionAndUser(id)
        if (id !== clearId) return [session, user]
        adapter.getSessionAndUser = getSessionAndUser
        await new Lucia(adapter).validateSession(clearId)
        return [session, null]
      }
      expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
    },
  )

  test("are kept when two servers replace them at once in a store that overwrites rows", async () => {
    const { lucia, adapter, addClear, ids } = setUp()
    addClear()
    adapter.setSession = async (session) => void adapter.sessions.set(session.id, structuredClone(session))
    // The second server is still at its first look at the row when the first one has finished.
    const { getSessionAndUser } = adapter
    let looks = 0
    adapter.getSessionAndUser = async (id) => {
      const found = await getSessionAndUser(id)
      if (id === clearId && ++looks === 2) {
        const other = { ...adapter, getSessionAndUser }
        expect((await new Lucia(other).validateSession(clearId)).session?.id).toBe(clearId)
      }
      return found
    }
    expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
    expect(ids()).toEqual([hash(clearId)])
  })

  test("sign in where the store cannot write, until they are ended", async () => {
    const { lucia, adapter, addClear, ids } = setUp()
    addClear()
    vi.spyOn(adapter, "setSession").mockRejectedValue(new Error("read-only"))
    expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
    await expect(lucia.getUserSessions("ada")).rejects.toThrow("read-only")
    expect(ids()).toEqual([clearId])
    vi.spyOn(adapter, "setSession").mockImplementation(async () => {
      adapter.sessions.delete(clearId)
      throw new Error("read-only")
    })
    expect((await lucia.validateSession(clearId)).session).toBeNull()
  })

  test("are replaced with every column that they have, whatever its name", async () => {
    const { lucia, adapter, addClear } = setUp()
    addClear()
    const attributes = { "device name": "phone", userId: 7 }
    Object.assign(adapter.sessions.get(clearId)!, { attributes })
    expect((await lucia.validateSession(clearId)).session?.id).toBe(clearId)
    expect([...adapter.sessions.values()]).toMatchObject([{ id: hash(clearId), attributes }])
  })

  test.each([0, 12])("do not come back to life when a sign-out runs during a write of %i turns", async (slowness) => {
    for (let delay = 0; delay < 24; delay++) {
      const { lucia, adapter, addClear, ids } = setUp()
      addClear()
      const { setSession } = adapter
      adapter.setSession = async (session) => {
        await turns(slowness)
        await setSession(session)
      }
      const validated = lucia.validateSession(clearId)
      await turns(delay)
      const ended = delay % 2 ? lucia.invalidateSession(clearId) : lucia.invalidateUserSessions("ada")
      await Promise.all([validated, ended])
      expect(ids(), `after ${delay} turns`).toEqual([])
    }
  })

  test("are not replaced when they are over or nobody's, and not deleted either", async () => {
    const { lucia, adapter, addClear, ids } = setUp()
    addClear(clearId, "ada", new Date(Date.now() - 1))
    addClear("orphan")
    adapter.sessions.get("orphan")!.userId = "nobody"
    for (const id of [clearId, "orphan"]) expect(await lucia.validateSession(id)).toEqual({ session: null, user: null })
    expect(ids()).toEqual([clearId, "orphan"])
  })

  test("are void with hashed", async () => {
    const { lucia, addClear } = setUp("hashed")
    addClear()
    expect((await lucia.validateSession(clearId)).session).toBeNull()
    expect(await lucia.getUserSessions("ada")).toEqual([])
  })
})

describe("lifetimes", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 }))
  afterEach(() => void vi.useRealTimers())

  test("[P18] a session is extended at half of its lifetime, and over at its end without being deleted", async () => {
    const { lucia, ids } = setUp(undefined, { sessionExpiresIn: new TimeSpan(10, "d") })
    const { id } = await lucia.createSession("ada", {})
    vi.setSystemTime(Date.now() + 5 * day - 1)
    expect((await lucia.validateSession(id)).session?.fresh).toBe(false)
    vi.setSystemTime(Date.now() + 1)
    expect((await lucia.validateSession(id)).session).toMatchObject({
      fresh: true,
      expiresAt: new Date(Date.now() + 10 * day),
    })
    vi.setSystemTime(Date.now() + 10 * day)
    expect((await lucia.validateSession(id)).session).toBeNull()
    expect(ids()).toEqual([hash(id)])
    // The clock was wrong, and is set right.
    vi.setSystemTime(Date.now() - day)
    expect((await lucia.validateSession(id)).session?.userId).toBe("ada")
  })

  test("a failing extension leaves the session valid, and a failing read is no sign-out", async () => {
    const { lucia, adapter } = setUp()
    const { id } = await lucia.createSession("ada", {})
    vi.setSystemTime(Date.now() + 20 * day)
    vi.spyOn(adapter, "updateSessionExpiration").mockRejectedValue(new Error("read-only"))
    expect((await lucia.validateSession(id)).session?.fresh).toBe(false)
    vi.spyOn(adapter, "getSessionAndUser").mockRejectedValue(new Error("down"))
    await expect(lucia.validateSession(id)).rejects.toThrow("down")
  })
})

describe("over an adapter of this package", () => {
  test("sessions are created, extended, replaced, listed and ended", async () => {
    const adapter = memoryAdapter<{ id: string; username: string }, { label?: string }>()
    await adapter.insertUser({ id: "ada", attributes: { username: "ada" } }, null)
    const createdAt = new Date()
    const expiresAt = new Date(Date.now() + day)
    await adapter.insertSession({ id: clearId, userId: "ada", createdAt, expiresAt, attributes: { label: "old" } })
    const lucia = new Lucia(adapter, {
      getUserAttributes: (row) => row,
      getSessionAttributes: (attributes) => ({ ...attributes }),
    })
    const results = await Promise.all([lucia.validateSession(clearId), lucia.validateSession(clearId)])
    for (const { session, user } of results) {
      expect(session).toMatchObject({ id: clearId, label: "old" })
      expect(user).toEqual({ id: "ada", username: "ada" })
    }
    expect(results.filter(({ session }) => session?.fresh)).toHaveLength(1)
    expect((await adapter.listSessions("ada")).map(({ id }) => id)).toEqual([hash(clearId)])
    await lucia.deleteExpiredSessions()
    await lucia.invalidateSession((await lucia.getUserSessions("ada"))[0]!.id)
    expect((await lucia.validateSession(clearId)).session).toBeNull()
    await expect(lucia.createSession("nobody", {})).rejects.toMatchObject({ code: "user_missing" })
  })

  test("a store that knows no users needs none, and findUser is asked where there is one", async () => {
    const { insertUser, findUser: _, ...adapter } = memoryAdapter<{ id: string }>()
    await insertUser({ id: "ada", attributes: {} }, null)
    const findSession = async (id: string) => {
      const found = await adapter.findSession(id)
      return found && { session: found.session }
    }
    const sessions = { ...adapter, findSession }
    const { id } = await new Lucia(sessions).createSession("ada", {})
    expect((await new Lucia(sessions).validateSession(id)).user).toEqual({ id: "ada" })
    const gone = new Lucia({ ...sessions, findUser: async () => null })
    expect(await gone.validateSession(id)).toEqual({ session: null, user: null })
  })
})

test("[P13][P14] attributes cannot stand in for columns of the library", async () => {
  const { lucia } = setUp()
  for (const name of ["id", "user_id", "userId", "expires_at", "expiresAt", 'x" = 1'])
    await expect(lucia.createSession("ada", { [name]: "x" })).rejects.toMatchObject({ code: "invalid_option" })
  const lying = setUp(undefined, { getSessionAttributes: () => ({ id: "x", userId: "bob", fresh: "x" }) }).lucia
  expect(await lying.createSession("ada", {})).toMatchObject({ userId: "ada", fresh: true })
})

test("[P15] invalid options and adapters are refused at once", () => {
  const { adapter } = setUp()
  const code = (make: () => unknown) => {
    try {
      return make()
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  expect(code(() => new Lucia(undefined as never))).toBe("missing_port")
  expect(code(() => new Lucia({ findSession() {} } as never))).toBe("missing_port")
  expect(code(() => new Lucia(adapter, { storedIds: "plain" as never }))).toBe("invalid_option")
  expect(code(() => new Lucia(adapter, { sessionExpiresIn: new TimeSpan(0, "d") }))).toBe("invalid_option")
  expect(code(() => new TimeSpan(1, "y" as never))).toBe("invalid_option")
  for (const attributes of [{ path: "/; Domain=.evil.com" }, { domain: "a\r\nSet-Cookie: a=b" }])
    expect(code(() => new Lucia(adapter, { sessionCookie: { attributes } }))).toBe("invalid_option")
})

test("the cookie is read exactly, and several values are none", () => {
  const { lucia } = setUp()
  expect(lucia.readSessionCookie("bad=%E0%A4%A; auth_session=abc")).toBe("abc")
  expect(lucia.readSessionCookie("a=b;auth_session=abc")).toBe("abc")
  expect(lucia.readSessionCookie("auth_session=abc; auth_session=def")).toBeNull()
  expect(lucia.readSessionCookie("xauth_session=abc; auth%5Fsession=abc")).toBeNull()
  expect(lucia.readSessionCookie("auth_session=%E0%A4%A")).toBeNull()
  for (const header of ["", "auth_session=", null, undefined]) expect(lucia.readSessionCookie(header)).toBeNull()
  expect(lucia.readBearerToken("bearer abc")).toBe("abc")
  expect(lucia.readBearerToken(undefined)).toBeNull()
})

test("[P17] the cookie is secure unless it is said not to be, and never outlives 400 days", () => {
  const { lucia } = setUp(undefined, {
    sessionExpiresIn: new TimeSpan(500, "d"),
    sessionCookie: { attributes: { secure: undefined, httpOnly: false } as object },
  })
  expect(lucia.createSessionCookie("abc").serialize()).toBe(
    "auth_session=abc; HttpOnly; Max-Age=34560000; Path=/; SameSite=Lax; Secure",
  )
  expect(new Cookie("a", "b", { maxAge: 1.5 }).serialize()).toBe("a=b; Max-Age=2")
})

test("[P4][P6] an origin counts with its scheme", () => {
  expect(verifyRequestOrigin("https://example.com", ["example.com"])).toBe(true)
  expect(verifyRequestOrigin("http://localhost:3000", ["localhost:3000"])).toBe(true)
  expect(verifyRequestOrigin("http://example.com", ["http://example.com"])).toBe(true)
  // Applications on a local network are reached by address, over plain HTTP.
  expect(verifyRequestOrigin("http://192.168.1.10:3000", ["192.168.1.10:3000"])).toBe(true)
  expect(verifyRequestOrigin("http://example.com", ["https://example.com"])).toBe(false)
  for (const origin of [
    "https://evil@example.com",
    "ftp://example.com",
    "null",
    "",
    "https://x",
    "http://a.example.com",
  ])
    expect(verifyRequestOrigin(origin, ["example.com", "null", "https://example.com"]), origin).toBe(false)
  expect(verifyRequestOrigin("https://example.com", [null] as never)).toBe(false)
  expect(verifyRequestOrigin(null as never, ["example.com"])).toBe(false)
})

test("a whole request is checked with its method", () => {
  const request = (method: string) =>
    new Request("https://example.com", { method, headers: { Origin: "null", Cookie: "auth_session=a" } })
  expect(["GET", "HEAD", "OPTIONS", "POST"].map((method) => verifyRequestOrigin(request(method)))).toEqual([
    true,
    true,
    true,
    false,
  ])
})

test("members of a subclass may have any name, and a proxy of it works", async () => {
  const adapter = memoryLuciaAdapter()
  adapter.users.set("ada", { id: "ada", attributes: {} })
  class Service extends Lucia {
    readonly #calls: string[] = []
    private readonly store = "mine"
    protected sessions = new Map<string, number>()
    cookies = 1
    policy = 2
    extend(): string {
      return `${this.store} ${this.sessions.size} ${this.cookies} ${this.policy} ${this.#calls.length}`
    }
    toUser(): void {}
    loadUser(): void {}
  }
  const service = new Service(adapter)
  expect(service.extend()).toBe("mine 0 1 2 0")
  const proxy: Lucia = new Proxy(service, {})
  const { id } = await proxy.createSession("ada", {})
  expect((await proxy.validateSession(id)).user?.id).toBe("ada")
})

test("ids are random text of the length that was asked for", () => {
  expect(generateId(15)).toMatch(/^[a-z0-9]{15}$/)
  expect([0, 8, 10, 25].map((size) => generateIdFromEntropySize(size).length)).toEqual([0, 13, 16, 40])
  expect(generateId(15)).not.toBe(generateId(15))
  const counts = new Map<string, number>()
  for (const character of generateId(36_000)) counts.set(character, (counts.get(character) ?? 0) + 1)
  expect(counts.size).toBe(36)
  // Each is expected a thousand times, with a deviation of 31; the first four would be 1,125 with a plain remainder.
  const first = [..."abcd"].reduce((sum, character) => sum + (counts.get(character) ?? 0), 0)
  expect(Math.abs(first - 4000)).toBeLessThan(350)
  for (const length of [-1, NaN, 1e9]) expect(() => generateId(length)).toThrow(/length/)
})

describe("password hashes", () => {
  test("verify, and are not mistaken for one another", async () => {
    const [third, second] = [await new Scrypt().hash("pässword"), await new LegacyScrypt().hash("pässword")]
    expect(await new Scrypt().verify(third, "pa\u0308ssword")).toBe(true)
    expect(await new LegacyScrypt().verify(second, "pässword")).toBe(true)
    expect(await new Scrypt().verify(third, "password")).toBe(false)
    expect(await new Scrypt().verify(second, "pässword")).toBe(false)
    expect(await new LegacyScrypt().verify(third, "pässword")).toBe(false)
  })

  test("that are none are false, and so is input that is no password", async () => {
    for (const hash of ["", "a:b", "a:zz", "s2:a:b", "a:b:c:d", null])
      for (const algorithm of [new Scrypt(), new LegacyScrypt()])
        expect(await algorithm.verify(hash as string, "x")).toBe(false)
    expect(await new Scrypt().verify(`a:${"0".repeat(128)}`, null as never)).toBe(false)
  })

  test("come out alike where the platform has no scrypt", async () => {
    const hash = await new Scrypt().hash("correct horse")
    const [salt, key] = hash.split(":")
    const encoder = new TextEncoder()
    const derived = await portableScrypt(encoder.encode("correct horse"), encoder.encode(salt), 64, { N: 16384, r: 16 })
    expect(Buffer.from(derived).toString("hex")).toBe(key)
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never)
    expect(await new Scrypt().verify(hash, "correct horse")).toBe(true)
    vi.restoreAllMocks()
  })
})

test("a session whose id is the hex SHA-256 of a base32 token, as Lucia's site taught, is createAuth's as it is", async () => {
  const adapter = memoryAdapter<{ id: string }>()
  await adapter.insertUser({ id: "ada", attributes: {} }, null)
  const token = generateIdFromEntropySize(20)
  const createdAt = new Date()
  const expiresAt = new Date(Date.now() + 20 * day)
  await adapter.insertSession({ id: hash(token), userId: "ada", createdAt, expiresAt, attributes: {} })
  expect((await createAuth({ adapter }).validateSession(token)).session).toMatchObject({ id: hash(token) })
})

test("unregistered, ids are text and attributes are none", () => {
  const { lucia } = setUp()
  expectTypeOf(lucia.createSession).parameter(0).toEqualTypeOf<string>()
  expectTypeOf(lucia.validateSession).returns.resolves.toHaveProperty("user").extract<{ id: string }>().not.toBeNever()
})

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}
