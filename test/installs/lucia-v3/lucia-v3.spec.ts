import fc from "fast-check"
import * as real from "lucia"
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import * as ours from "../../../src/lucia.ts"
import { openBetterSqlite3, openDrizzlePostgres, openPg, openPrismaSqlite } from "./stores.ts"

const day = 86_400_000
const hex = /^[0-9a-f]{64}$/

afterEach(() => void vi.useRealTimers())

test("the exports are Lucia's, and what leads from it", () => {
  expect(Object.keys(ours).sort()).toEqual([...Object.keys(real), "acceptLuciaTokens", "fromLuciaAdapter"].sort())
})

const attributes = fc.record(
  {
    sameSite: fc.constantFrom("lax", "strict", "none"),
    domain: fc.constantFrom("example.com", ".example.com"),
    path: fc.constantFrom("/", "/app"),
    secure: fc.boolean(),
  },
  { requiredKeys: [] },
)
const span = fc.tuple(fc.integer({ min: 1, max: 13 }), fc.constantFrom("d", "w", "h", "m", "s"))

test("cookies are written exactly as Lucia writes them", () => {
  const options = fc.record(
    { name: fc.constantFrom("auth_session", "my session", "__Host-a", "ü"), expires: fc.boolean(), attributes },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(options, span, fc.string(), (sessionCookie, [value, unit], id) => {
      const written = ({ Lucia, TimeSpan }) => {
        const lucia = new Lucia(emptyAdapter(), { sessionCookie, sessionExpiresIn: new TimeSpan(value, unit) })
        const cookies = [lucia.createSessionCookie(id), lucia.createBlankSessionCookie()]
        return [lucia.sessionCookieName, ...cookies.map((cookie) => [cookie.serialize(), { ...cookie }])]
      }
      expect(written(ours)).toEqual(written(real))
    }),
  )
})

test("a cookie of the application's own is written as Lucia writes it", () => {
  const own = fc.record(
    {
      sameSite: fc.constantFrom("lax", "strict", "none"),
      domain: fc.constant("example.com"),
      path: fc.constant("/x"),
      secure: fc.boolean(),
      httpOnly: fc.boolean(),
      maxAge: fc.nat(),
      expires: fc.date({ noInvalidDate: true }),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.string(), fc.string(), own, (name, value, attributes) => {
      expect(new ours.Cookie(name, value, attributes).serialize()).toBe(
        new real.Cookie(name, value, attributes).serialize(),
      )
    }),
  )
})

test("what Lucia wrote is read as Lucia reads it, beside other cookies", () => {
  const other = fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[\w-]{0,8}$/))
  fc.assert(
    fc.property(fc.array(other), fc.stringMatching(/^[!-~]{1,20}$/), fc.array(other), (before, id, after) => {
      const pairs = [...before, ["auth_session", encodeURIComponent(id)], ...after]
      const header = pairs.map((pair) => pair.join("=")).join("; ")
      const read = ({ Lucia }) => new Lucia(emptyAdapter()).readSessionCookie(header)
      expect(read(ours)).toBe(read(real))
      expect(read(ours)).toBe(id)
    }),
  )
})

test("time spans and ids are Lucia's", () => {
  fc.assert(
    fc.property(span, fc.double({ min: 0, max: 9, noNaN: true }), ([value, unit], factor) => {
      const [a, b] = [new ours.TimeSpan(value, unit), new real.TimeSpan(value, unit)]
      expect([a.milliseconds(), a.seconds(), { ...a.transform(factor) }]).toEqual([
        b.milliseconds(),
        b.seconds(),
        { ...b.transform(factor) },
      ])
    }),
  )
  for (const length of [0, 1, 8, 10, 25])
    for (const { generateId, generateIdFromEntropySize } of [ours, real]) {
      expect(generateId(length)).toMatch(new RegExp(`^[a-z0-9]{${length}}$`))
      expect(generateIdFromEntropySize(length)).toMatch(new RegExp(`^[a-z2-7]{${Math.ceil((8 * length) / 5)}}$`))
    }
})

test("origins are judged as Lucia judges them, but for other schemes and user names", () => {
  const host = fc.constantFrom("example.com", "a.example.com", "example.com:8080", "localhost:3000", "EXAMPLE.com")
  const scheme = fc.constantFrom("https://", "http://", "ftp://", "")
  fc.assert(
    fc.property(
      scheme,
      host,
      fc.array(fc.tuple(fc.constantFrom("", "https://", "http://"), host)),
      (own, at, allowed) => {
        const origin = own + at
        const entries = allowed.map((parts) => parts.join(""))
        const [mine, theirs] = [ours, real].map(({ verifyRequestOrigin }) => verifyRequestOrigin(origin, entries))
        if (mine) expect(theirs).toBe(true)
        const isAlike = allowed.every(([scheme]) => scheme === own || (scheme === "" && /^https?:/.test(own)))
        if (isAlike) expect(mine).toBe(theirs)
      },
    ),
    { numRuns: 2000 },
  )
})

describe("password hashes", () => {
  for (const name of ["Scrypt", "LegacyScrypt"])
    test(`${name} verifies what Lucia's makes, and Lucia's what it makes`, async () => {
      const password = "pa\u0308ss wörd ﬁ 🔑"
      const [mine, theirs] = [new ours[name](), new real[name]()]
      const hashes = [await mine.hash(password), await theirs.hash(password)]
      expect(hashes[0]).toHaveLength(hashes[1].length)
      for (const hash of hashes)
        for (const [text, outcome] of [
          [password, true],
          [password.normalize("NFC"), true],
          ["password", false],
        ])
          expect([await mine.verify(hash, text), await theirs.verify(hash, text)]).toEqual([outcome, outcome])
    })

  test("a hash of Lucia v1 is read by LegacyScrypt in both", async () => {
    const { scryptSync } = await import("node:crypto")
    const salt = "0123456789abcdef"
    const hash = `${salt}:${scryptSync("password", salt, 64, { N: 16384, r: 8, p: 1 }).toString("hex")}`
    for (const { LegacyScrypt, Scrypt } of [ours, real]) {
      expect(await new LegacyScrypt().verify(hash, "password")).toBe(true)
      expect(await new Scrypt().verify(hash, "password")).toBe(false)
    }
  })

  test("the event loop goes on while one is made", async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    await new ours.Scrypt().hash("password")
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
  })
})

// Where .ci/run asks for less, some of the histories of each kind.
const numRuns = process.env.NIGHTLATCH_SHORT ? 10 : 40
const user = fc.constantFrom("alice", "bob")
const index = fc.nat({ max: 2 })
const step = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant("create"), user) },
  { weight: 6, arbitrary: fc.tuple(fc.constant("validate"), index) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("wait"), fc.integer({ min: 1, max: 12 })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("list"), user) },
  fc.tuple(fc.constant("createNobody")),
  fc.tuple(fc.constant("validateText"), fc.string()),
  fc.tuple(fc.constant("end"), index),
  fc.tuple(fc.constant("endAll"), user),
  fc.tuple(fc.constant("deleteExpired")),
)

for (const [name, open] of [
  ["adapter-sqlite over better-sqlite3", openBetterSqlite3],
  ["adapter-prisma on SQLite", openPrismaSqlite],
  ["adapter-postgresql over pg", openPg],
  ["adapter-drizzle on PostgreSQL", openDrizzlePostgres],
] as const) {
  const [theirStore, ourStore] = [await open(), await open()]
  if (!theirStore || !ourStore) continue
  describe(name, () => {
    beforeEach(async () => {
      for (const store of [theirStore, ourStore]) {
        await store.empty()
        for (const id of ["alice", "bob"]) await store.addUser({ id, username: id })
      }
    })
    afterAll(async () => {
      await theirStore.close()
      await ourStore.close()
    })

    for (const storedIds of ["clear", "rekey", "hashed"] as const)
      test(`the same calls have the same results with ${storedIds} ids`, async () => {
        vi.useFakeTimers({ toFake: ["Date"], now: Date.now() })
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
            for (const store of [theirStore, ourStore]) await emptySessions(store)
            const theirs = history(new real.Lucia(theirStore.lucia, options(real)))
            const mine = history(new ours.Lucia(ourStore.lucia, { ...options(ours), storedIds } as object))
            for (const one of steps) {
              if (one[0] === "wait") vi.setSystemTime(Date.now() + one[1] * day)
              else expect(await mine(one), JSON.stringify(one)).toEqual(await theirs(one))
            }
          }),
          { numRuns, endOnFailure: true },
        )
      })

    test("every cookie of Lucia's still works, and with clear ids Lucia knows everybody again", async () => {
      const { lucia: adapter } = ourStore
      const before = new real.Lucia(adapter)
      const old = [await before.createSession("alice", {}), await before.createSession("bob", {})]
      const cookies = old.map(({ id }) => before.createSessionCookie(id).serialize().split(";")[0])

      const clear = new ours.Lucia(adapter, { storedIds: "clear" })
      for (const cookie of cookies)
        expect((await clear.validateSession(clear.readSessionCookie(cookie)!)).session).not.toBeNull()
      const made = await clear.createSession("alice", {})
      for (const { id, userId } of [...old, made])
        expect((await before.validateSession(id)).session).toMatchObject({ id, userId })
    })

    test("replaced as they are used, ids are hashes in the end, and what the table holds signs nobody in", async () => {
      const { lucia: adapter } = ourStore
      const old: real.Session[] = []
      for (const id of ["alice", "bob", "alice"]) old.push(await new real.Lucia(adapter).createSession(id, {}))
      const rekey = new ours.Lucia(adapter)
      for (const { id, userId } of old) {
        const results = await Promise.all([rekey.validateSession(id), rekey.validateSession(id)])
        for (const { session, user } of results) expect([session?.id, user?.id]).toEqual([id, userId])
      }
      const made = await rekey.createSession("bob", {})

      const dump = [...(await adapter.getUserSessions("alice")), ...(await adapter.getUserSessions("bob"))]
      expect(dump).toHaveLength(4)
      for (const { id } of dump) expect(id).toMatch(hex)
      for (const storedIds of ["clear", "rekey", "hashed"] as const)
        for (const { id } of dump)
          expect((await new ours.Lucia(adapter, { storedIds }).validateSession(id)).session).toBeNull()

      const hashed = new ours.Lucia(adapter, { storedIds: "hashed" })
      for (const { id } of [...old, made]) expect((await hashed.validateSession(id)).session?.id).toBe(id)
      const unused = await new real.Lucia(adapter).createSession("alice", {})
      expect((await hashed.validateSession(unused.id)).session).toBeNull()
    })
  })
}

function options({ TimeSpan }) {
  return {
    sessionExpiresIn: new TimeSpan(20, "d"),
    getUserAttributes: ({ username }: { username: string }) => ({ username }),
    getSessionAttributes: ({ label }: { label?: string | null }) => ({ label }),
  }
}

// Runs one step after another, and tells results without the random ids: the place of a session stands for its id.
function history(lucia) {
  const ids: string[] = []
  const told = ({ id, expiresAt, ...rest }) => ({ ...rest, expiresAt: Math.floor(expiresAt.getTime() / 1000) })
  const steps = {
    async create(userId) {
      const session = await lucia.createSession(userId, { label: `of ${userId}` })
      ids.push(session.id)
      return told(session)
    },
    createNobody: () =>
      lucia.createSession("nobody", { label: null }).then(
        () => "created",
        () => "rejected",
      ),
    async validate(at) {
      const { session, user } = await lucia.validateSession(ids[at] ?? "unknown")
      return { user, session: session && { ...told(session), isSame: session.id === ids[at] } }
    },
    validateText: (text) => lucia.validateSession(text.replaceAll("\0", "")),
    async list(userId) {
      const sessions = (await lucia.getUserSessions(userId)).map(told)
      return sessions.sort((a, b) => a.expiresAt - b.expiresAt)
    },
    end: (at) => lucia.invalidateSession(ids[at] ?? "unknown"),
    endAll: (userId) => lucia.invalidateUserSessions(userId),
    deleteExpired: () => lucia.deleteExpiredSessions(),
  }
  return ([name, argument]: readonly [name: string, argument?: unknown]) => steps[name](argument)
}

async function emptySessions({ lucia }) {
  for (const userId of ["alice", "bob"]) await lucia.deleteUserSessions(userId)
}

function emptyAdapter() {
  const none = async () => {}
  return {
    getSessionAndUser: async () => [null, null],
    getUserSessions: async () => [],
    setSession: none,
    updateSessionExpiration: none,
    deleteSession: none,
    deleteUserSessions: none,
    deleteExpiredSessions: none,
  }
}
