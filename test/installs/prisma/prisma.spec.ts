import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { prismaAdapter } from "../../../adapters/prisma.ts"
import { createAuth } from "../../../src/index.ts"
import { testAdapter } from "../../../src/testing.ts"
import { createUsers } from "../../../src/users.ts"
import {
  empty,
  openPostgresBigints,
  openPostgresText,
  openPrinted,
  openSqliteNumbers,
  openSqliteSeconds,
  openSqliteText,
} from "./stores.ts"

const key = { providerId: "username", providerUserId: "alice", passwordHash: "hash" }
const alice = { id: "alice", attributes: { username: "alice" } }
const session = {
  id: "s1",
  userId: "alice",
  createdAt: new Date(1_700_000_000_000),
  expiresAt: new Date(2_000_000_000_000),
  attributes: { label: null },
}

const passkeyOf = (id: string, userId = "alice") => {
  const flags = { signCount: 0, backupEligible: true, backedUp: false }
  const rest = {
    publicKey: "AA",
    algorithm: -7 as const,
    aaguid: "",
    transports: ["usb", "nfc"],
    name: "Key",
    usedAt: null,
  }
  return { id, userId, ...flags, ...rest, createdAt: new Date(1) }
}
const tokenOf = (id: string, userId: string | null = "alice") => {
  return { id, purpose: "reset", userId, expiresAt: new Date(1_900_000_000_000), attempts: 0, data: "" }
}

const bigints = (n) => 9007199254740992n + BigInt(2 * n + 1)
const uuids = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`
const printedIds = { "SQLite with Int ids": (n) => n, "PostgreSQL with UUIDs": uuids }

for (const { name, open, userId } of [
  { name: "SQLite with text ids", open: openSqliteText },
  { name: "SQLite with Int ids and BigInt times", open: openSqliteNumbers, userId: (n) => n },
  { name: "PostgreSQL with text ids", open: openPostgresText },
  {
    name: "PostgreSQL with BigInt ids and times",
    open: openPostgresBigints,
    userId: bigints,
  },
  ...Object.entries(openPrinted).map(([database, open]) => ({
    name: `the models that nightlatch schema prints, on ${database}`,
    open,
    userId: printedIds[database],
  })),
] as const) {
  const store = await open()
  if (!store) continue
  describe(`[ADP-7][ADP-2][ADP-5] prismaAdapter() on ${name}`, () => {
    afterAll(store.close)
    testAdapter(test, async () => {
      await empty(store.client)
      const adapter = prismaAdapter(store.client)
      return {
        adapter,
        userId,
        onStatement: store.onStatement,
        addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
      }
    })
  })
}

for (const [name, open, shape] of [
  ["SQLite with text ids", openSqliteText, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ["SQLite with Int ids", openSqliteNumbers, /^\d+$/],
  ["PostgreSQL with BigInt ids", openPostgresBigints, /^\d+$/],
] as const) {
  test(`createUser() without an id makes one that fits ${name}`, async () => {
    const store = await open()
    if (!store) return
    await empty(store.client)
    const passwordHasher = { hash: async () => "hash", verify: async () => true, needsRehash: () => false }
    const users = createUsers({ adapter: prismaAdapter(store.client), passwordHasher })
    const key = { providerId: "username", providerUserId: "ada", password: "correct horse battery" }
    const { user } = await users.createUser({ key, attributes: { username: "ada" } })
    expect(String(user!.id)).toMatch(shape)
    expect(await users.getUser(user!.id)).toEqual(user)
    await store.close()
  })
}

for (const [name, open] of [
  ["SQLite", openSqliteText],
  ["PostgreSQL", openPostgresText],
] as const) {
  const store = await open()
  if (!store) continue
  describe(name, () => {
    const { client, close } = store
    const adapter = prismaAdapter(client)
    let sent = 0
    client.$on("query", () => void sent++)
    beforeEach(() => empty(client))
    afterAll(close)

    test("what Prisma refuses is the developer's mistake, without the values", async () => {
      const refused = (message) => ({ code: "invalid_option", message: expect.stringMatching(message) })
      const unnamed = adapter.insertUser(
        { id: "bob", attributes: {} as never },
        { ...key, passwordHash: "secret hash" },
      )
      await expect(unnamed).rejects.toMatchObject(refused(/Argument `username` is missing/))
      const numbered = adapter.insertUser({ id: "bob", attributes: { username: 5 as never } }, null)
      await expect(numbered).rejects.toMatchObject(refused(/Argument `username`/))
      await expect(adapter.updateUser("alice", { role: null as never })).rejects.toMatchObject(refused(/`role`/))
      await expect(adapter.updateUser("alice", { role: NaN as never })).rejects.toMatchObject(refused(/"role"/))
      await expect(adapter.updateUser("alice", { role: new Date(NaN) as never })).rejects.toMatchObject(
        refused(/"role"/),
      )
      expect(await adapter.findUser("bob")).toBeNull()
    })

    test("a foreign key of the application's own is named as the reason, not an outage and not a missing user", async () => {
      const mistake = { code: "invalid_option", message: expect.stringMatching(/ON DELETE CASCADE/) }
      await adapter.insertUser(alice, key)
      await client.$executeRawUnsafe(
        `CREATE TABLE orders (id TEXT PRIMARY KEY, buyer TEXT NOT NULL REFERENCES "user" (id))`,
      )
      await client.$executeRawUnsafe(`INSERT INTO orders VALUES ('o1', 'alice')`)
      try {
        await expect(adapter.deleteUser("alice")).rejects.toMatchObject(mistake)
        expect(await adapter.findKey("username", "alice")).not.toBeNull()
        const [own, undo] =
          name === "SQLite"
            ? [
                "CREATE TRIGGER own AFTER INSERT ON session BEGIN INSERT INTO orders VALUES ('o2', 'nobody'); END",
                "DROP TRIGGER own",
              ]
            : [
                "ALTER TABLE session ADD CONSTRAINT own FOREIGN KEY (label) REFERENCES orders (id)",
                "ALTER TABLE session DROP CONSTRAINT own",
              ]
        await client.$executeRawUnsafe(own)
        await expect(adapter.insertSession({ ...session, attributes: { label: "o9" } })).rejects.toMatchObject(mistake)
        await client.$executeRawUnsafe(undo)
      } finally {
        await client.$executeRawUnsafe(`DROP TABLE orders`)
      }
      await adapter.deleteUser("alice")
      expect(await adapter.findUser("alice")).toBeNull()
    })

    test("a user's tokens are deleted with the user, also in a transaction, and all of it or nothing", async () => {
      await adapter.insertUser(alice, key)
      await adapter.insertTokens([tokenOf("1"), tokenOf("2")])
      await adapter.insertTokens([tokenOf("3", null)])
      const undone = client.$transaction(async (tx) => {
        const inside = prismaAdapter(tx)
        await inside.deleteUser("alice")
        expect(await inside.findToken("1")).toBeNull()
        throw new Error("changed my mind")
      })
      await expect(undone).rejects.toThrow("changed my mind")
      expect(await adapter.countTokens("alice", "reset")).toBe(2)
      await adapter.deleteUser("alice")
      const left = await client.$queryRawUnsafe(`SELECT id FROM auth_token`)
      expect(left).toEqual([{ id: "3" }])
      expect(await adapter.findToken("3")).toEqual(tokenOf("3", null))
    })

    test("calls of all ports that overlap in a transaction take turns", async () => {
      await adapter.insertUser(alice, null)
      await adapter.insertTokens([tokenOf("7"), tokenOf("8"), tokenOf("9")])
      await client.$transaction(async (tx) => {
        const inside = prismaAdapter(tx)
        const results = await Promise.all([
          inside.insertTokens([tokenOf("1")], { userId: "alice", purpose: "reset", keep: 9 }),
          inside.insertSession(session),
          inside.insertTokens([tokenOf("8")]),
          inside.insertKey({ ...key, userId: "alice" }),
          inside.takeAttempt("ada", 1000, 10, 100),
          inside.insertSession({ ...session, id: "s2" }),
          inside.takeToken("9"),
          inside.tryToken("7", 5),
        ])
        expect(results.slice(0, 6)).toEqual([
          true,
          undefined,
          false,
          "inserted",
          { taken: true, until: 1010 },
          undefined,
        ])
        expect(results.slice(6)).toEqual([tokenOf("9"), { ...tokenOf("7"), attempts: 1 }])
        expect(await inside.insertTokens([tokenOf("1")])).toBe(false)
        await expect(inside.insertTokens([tokenOf("5", "nobody")])).rejects.toMatchObject({ code: "user_missing" })
      })
      expect(await adapter.countTokens("alice", "reset")).toBe(3)
      expect(await adapter.findSession("s2")).not.toBeNull()
    })

    test("authenticators and passkeys go with their user, also in a transaction, and all of it or nothing", async () => {
      await adapter.insertUser(alice, key)
      expect(await adapter.insertTotp("alice", "sealed", 5, false)).toBe(true)
      expect(await adapter.insertTotp("alice", "other", 5, false)).toBe(false)
      expect(await adapter.insertPasskey(passkeyOf("AbC"))).toBe(true)
      const undone = client.$transaction(async (tx) => {
        const inside = prismaAdapter(tx)
        await inside.deleteUser("alice")
        expect(await inside.findTotp("alice")).toBeNull()
        throw new Error("changed my mind")
      })
      await expect(undone).rejects.toThrow("changed my mind")
      expect(await adapter.findPasskey("AbC")).toEqual(passkeyOf("AbC"))
      expect(await adapter.findPasskey("abc")).toBeNull()
      await adapter.deleteUser("alice")
      for (const table of ["user_totp", "user_passkey"])
        expect(await client.$queryRawUnsafe(`SELECT user_id FROM ${table}`)).toEqual([])
    })

    test("the last key may go if its user has a passkey, also in a transaction", async () => {
      await adapter.insertUser(alice, key)
      await adapter.insertUser({ id: "bob", attributes: { username: "bob" } }, null)
      await adapter.insertPasskey(passkeyOf("a", "bob"))
      const own = { ...key, userId: "alice" }
      expect(await adapter.deleteKey(own)).toBe("last_key")
      await client.$transaction(async (tx) => {
        const inside = prismaAdapter(tx)
        expect(await inside.deleteKey(own)).toBe("last_key")
        await inside.insertPasskey(passkeyOf("b"))
        expect(await inside.deleteKey(own)).toBe("deleted")
      })
      expect(await adapter.findKey("username", "alice")).toBeNull()
      await adapter.insertKey(own)
      expect(await adapter.deleteKey(own)).toBe("deleted")
      await adapter.deletePasskeys("alice")
      await adapter.insertKey(own)
      expect(await adapter.deleteKey(own)).toBe("last_key")
    })

    test("one of 20 callers uses a time step up, and a counter that rises", async () => {
      await adapter.insertUser(alice, null)
      await adapter.insertTotp("alice", "sealed", 5, true)
      await adapter.insertPasskey(passkeyOf("a"))
      const twenty = (call) => Promise.all(Array.from({ length: 20 }, call))
      const steps = await twenty(() => adapter.takeStep("alice", 6, "resealed", "sealed"))
      expect(steps.filter(Boolean)).toEqual([true])
      expect(await adapter.findTotp("alice")).toEqual({ secret: "resealed", usedStep: 6 })
      const use = { signCount: 1, backedUp: true, usedAt: new Date(2) }
      const uses = await twenty(() => adapter.recordPasskeyUse("a", { signCount: 0 }, use))
      expect(uses.filter(Boolean)).toEqual([true])
      expect(await adapter.listPasskeys("alice")).toEqual([{ ...passkeyOf("a"), ...use }])
    })

    test("one of 20 callers takes a token", async () => {
      await adapter.insertUser(alice, null)
      await adapter.insertTokens([tokenOf("1")])
      const taken = await Promise.all(Array.from({ length: 20 }, () => adapter.takeToken("1")))
      expect(taken.filter((token) => token !== null)).toEqual([tokenOf("1")])
    })

    test("a table of a feature that is not there is named when it is used, and stops no deletion of a user", async () => {
      const apart = prismaAdapter(client, {
        tables: {
          token: "own_token",
          attempt: "own_attempt",
          totp: "own_totp",
          passkey: "own_passkey",
          event: "own_event",
        },
      })
      await apart.insertUser(alice, key)
      const missing = (name) => ({
        code: "invalid_option",
        message: expect.stringContaining(`"${name}" does not exist`),
      })
      await expect(apart.insertTokens([tokenOf("1")])).rejects.toMatchObject(missing("own_token"))
      await expect(apart.takeAttempt("ada", 1000, 10, 100)).rejects.toMatchObject(missing("own_attempt"))
      await expect(apart.findTotp("alice")).rejects.toMatchObject(missing("own_totp"))
      await expect(apart.findPasskey("a")).rejects.toMatchObject(missing("own_passkey"))
      expect(await apart.deleteKey({ ...key, userId: "alice" })).toBe("last_key")
      await apart.deleteUser("alice")
      expect(await apart.findUser("alice")).toBeNull()
      expect(() => prismaAdapter(client, { tables: { tokens: "x" } as never })).toThrow('did you mean "token"?')
    })

    test("a validation is one call, and a malformed token reaches no database", async () => {
      const auth = createAuth({ adapter })
      await adapter.insertUser(alice, null)
      const { token } = await auth.createSession("alice", { label: null })
      sent = 0
      expect(await auth.validateSession(token)).toMatchObject({ user: { id: "alice" } })
      // Without the preview feature relationJoins, Prisma makes two statements of a relation.
      expect(sent).toBe(2)
      for (const malformed of ["", "short", `${token} `, `${token}'--`]) await auth.validateSession(malformed)
      expect(sent).toBe(2)
    })

    test.each([
      ["commits", false],
      ["rolls back", true],
    ])("the caller's transaction %s the application's row, user, key and session together", async (_, undone) => {
      const transaction = client.$transaction(async (tx) => {
        const inside = prismaAdapter(tx)
        await tx.user.create({ data: { id: "bob", username: "bob" } })
        await inside.insertUser(alice, key)
        await inside.insertSession(session)
        expect(await inside.insertUser({ id: "carol", attributes: { username: "carol" } }, key)).toEqual({
          taken: "key",
        })
        expect(await inside.updateUser("alice", { username: "bob" })).toBe("taken")
        await expect(inside.insertSession({ ...session, id: "s2", userId: "nobody" })).rejects.toMatchObject({
          code: "user_missing",
        })
        expect(await inside.findSession("s1")).toMatchObject({ user: { username: "alice" } })
        if (undone) throw new Error("undone")
      })
      await (undone ? expect(transaction).rejects.toThrow("undone") : transaction)
      const found = [
        await adapter.findUser("bob"),
        await adapter.findUser("alice"),
        await adapter.findKey("username", "alice"),
        await adapter.findSession("s1"),
      ]
      expect(found.filter((row) => row !== null)).toHaveLength(undone ? 0 : 4)
      expect(await adapter.findUser("carol")).toBeNull()
    })

    test("a row whose times are null is not a session, and a listing skips it", async () => {
      await adapter.insertUser(alice, null)
      await adapter.insertSession(session)
      await adapter.insertSession({ ...session, id: "s2" })
      await client.$executeRawUnsafe(`UPDATE session SET "expiresAt" = NULL WHERE id = 's1'`)
      expect(await adapter.findSession("s1")).toBeNull()
      expect(await adapter.listSessions("alice")).toEqual([{ ...session, id: "s2" }])
    })

    test.each([
      ["no field", { nonsense: "x" }],
      ["a core field", { userId: "bob" }],
      ["a relation", { user: { connect: { id: "bob" } } }],
      ["an operation", { label: { set: "x" } }],
    ])("an attribute that is %s is refused, and nothing changes", async (_, attributes) => {
      await adapter.insertUser(alice, null)
      await adapter.insertUser({ id: "bob", attributes: { username: "bob" } }, null)
      await adapter.insertSession(session)
      const refusal = { code: "invalid_option" }
      await expect(adapter.updateSession("s1", attributes as never)).rejects.toMatchObject(refusal)
      await expect(
        adapter.insertSession({ ...session, id: "s2", attributes: attributes as never }),
      ).rejects.toMatchObject(refusal)
      expect(await adapter.listSessions("alice")).toEqual([session])
      expect(await adapter.listSessions("bob")).toEqual([])
    })
  })
}

test("a field of seconds rounds a deadline down", async () => {
  const { client, close } = await openSqliteSeconds()
  const adapter = prismaAdapter(client)
  await adapter.insertUser(alice, null)
  await adapter.insertSession({ ...session, expiresAt: new Date(2_000_000_000_999) })
  expect((await adapter.findSession("s1"))?.session.expiresAt).toEqual(new Date(2_000_000_000_000))
  expect(await adapter.extendSession("s1", new Date(2_000_000_500_000), new Date(1_999_999_999_999))).toBe(false)
  expect(await adapter.extendSession("s1", new Date(2_000_000_500_000), new Date(2_000_000_000_000))).toBe(true)
  await close()
})

test("a model that is not there is named", async () => {
  const { client, close } = await openSqliteText()
  expect(() => prismaAdapter(client, { session: "sessions" as never })).toThrow(/"sessions"/)
  expect(() => prismaAdapter(client, { session: "key" })).toThrow(/"createdAt"/)
  await close()
})
