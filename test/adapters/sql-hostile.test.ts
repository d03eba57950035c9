import { beforeEach, describe, expect, test } from "vitest"
import { asId } from "../../src/testing/hostile-input.ts"
import type { DriverStore } from "./driver-stores.ts"
import { driverStores } from "./driver-stores.ts"
import type { SqlStore, TestUser } from "./sql-stores.ts"
import { empty, everyStore } from "./sql-stores.ts"

const times = { createdAt: new Date(1_700_000_000_000), expiresAt: new Date(2_000_000_000_000) }
const names = [
  `username" = 'x', "is_admin`,
  "is_admin=true,username=username",
  "label`",
  "a.b",
  "__proto__",
  "x".repeat(200),
  "",
  "👻",
  "label ",
  "?1",
]
const ids = [0, true, null, { id: 1 }, ["x", "y"], 1n, new Date(0), Buffer.from("alice")]
const kept = ["id", "user_id", "created_at", "expires_at"]

const stores: (SqlStore | DriverStore)[] = [...(await everyStore()), ...(await driverStores())]

for (const store of stores) {
  describe("name" in store ? store.name : `sqlAdapter() on ${store.dialect}`, () => {
    const adapter = store.adapter()
    beforeEach(async () => {
      await empty(store)
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, key("alice"))
      await adapter.insertSession({ id: "s1", userId: "alice", ...times, attributes: { label: "one" } })
    })

    test("[ADP-1][ADP-2][P13][P14] no attribute name reaches the SQL unless it is a column, and none that the library keeps", async () => {
      const before = await everything(store)
      for (const name of [...names, ...kept]) {
        const attributes: object = JSON.parse(`{${JSON.stringify(name)}: "x"}`)
        const session = { id: "s2", userId: "alice", ...times, attributes }
        await refused(adapter.insertSession(session))
        await refused(adapter.updateSession("s1", attributes))
        await refused(adapter.replaceSession("s1", session))
        if (name !== "id" && kept.includes(name)) continue
        await refused(adapter.insertUser({ id: "bob", attributes }, null))
        await refused(adapter.updateUser("alice", attributes))
      }
      expect(await everything(store)).toEqual(before)
    })

    test("[ADP-3] no id of another type reaches the driver", async () => {
      const before = await everything(store)
      for (const wrong of ids.map(asId)) {
        await refused(adapter.findSession(wrong))
        await refused(adapter.listSessions(wrong))
        await refused(adapter.extendSession(wrong, times.expiresAt, times.expiresAt))
        await refused(adapter.deleteSession(wrong))
        await refused(adapter.deleteSession("s1", wrong))
        await refused(adapter.deleteUserSessions(wrong))
        await refused(adapter.deleteUserSessions("alice", wrong))
        await refused(adapter.insertSession({ id: wrong, userId: "alice", ...times, attributes: {} }))
        await refused(adapter.insertSession({ id: "s2", userId: wrong, ...times, attributes: {} }))
        await refused(adapter.findUser(wrong))
        await refused(adapter.deleteUser(wrong))
        await refused(adapter.findKey("username", wrong))
        const named = { userId: "alice", providerId: "username", providerUserId: "alice" }
        for (const changes of [{ userId: wrong }, { providerId: wrong }, { providerUserId: wrong }]) {
          await refused(adapter.deleteKey({ ...named, ...changes }))
          await refused(adapter.renameKey({ ...named, ...changes }, "eve"))
        }
        await refused(adapter.renameKey(named, wrong))
        await refused(adapter.replaceUserPasswords(wrong, ["username"], "x"))
        await refused(adapter.replaceUserPasswords("alice", ["username"], wrong))
        if (wrong !== undefined) await refused(adapter.replaceUserPasswords("alice", ["username"], "x", wrong))
      }
      expect(await everything(store)).toEqual(before)
    })

    test("[ADP-3] an attribute is not an object, which drivers take for more than one value", async () => {
      const before = await everything(store)
      for (const label of [{ id: "x" }, ["x", "admin"], () => "x"].map(asId)) {
        await refused(adapter.updateSession("s1", { label }))
        await refused(adapter.updateUser("alice", { username: label }))
      }
      expect(await everything(store)).toEqual(before)
    })

    test("[STO-3] ids and keys are compared byte for byte", async () => {
      const near = ["ALICE", "Alice", "alice ", "álice", "alice\0", "ａlice", "alicé", "alice\ud800", "a".repeat(300)]
      for (const id of near) {
        expect(await adapter.findUser(id), id).toBeNull()
        expect(await adapter.updateUser(id, { role: "admin" }), id).toBe("missing")
        expect(await adapter.listSessions(id), id).toEqual([])
        expect(await adapter.deleteSession("s1", id), id).toBe(false)
        expect(await adapter.findKey("username", id), id).toBeNull()
        expect(await adapter.listKeys(id), id).toEqual([])
        await adapter.deleteUser(id)
        await adapter.deleteUserSessions(id)
        const [other, owner] = [
          { ...key(id), userId: "alice" },
          { ...key("alice"), userId: id },
        ]
        for (const named of [other, owner]) {
          expect(await adapter.deleteKey(named, { evenLast: true }), id).toBe("missing")
          expect(await adapter.renameKey(named, "eve"), id).toBe("missing")
        }
        expect(await adapter.replaceUserPasswords(id, ["username"], "x"), id).toBe(false)
        const orphan = adapter.insertSession({ id: "s2", userId: id, ...times, attributes: {} })
        await expect(orphan).rejects.toMatchObject({ code: "user_missing" })
        await expect(adapter.insertKey({ ...key("x"), userId: id })).rejects.toMatchObject({ code: "user_missing" })
      }
      for (const id of ["S1", "s1 ", "s1\0", "ś1"]) {
        expect(await adapter.findSession(id), id).toBeNull()
        expect(await adapter.updateSession(id, { label: "x" }), id).toBe(false)
        expect(await adapter.deleteSession(id), id).toBe(false)
      }
      expect(await adapter.findSession("s1")).toMatchObject({ session: { userId: "alice" }, user: { role: "user" } })
      expect(await adapter.findKey("username", "alice")).not.toBeNull()
    })

    test("text of any script comes back as it was stored", async () => {
      const name = `Zoë 👩‍👩‍👧 ' " \` \\ ? $1 :x %`
      await adapter.insertUser({ id: name, attributes: { username: name } }, key(name))
      await adapter.insertSession({ id: "s2", userId: name, ...times, attributes: { label: name } })
      const found = await adapter.findSession("s2")
      expect(found?.session).toMatchObject({ userId: name, attributes: { label: name } })
      expect(found?.user).toEqual<TestUser>({ id: name, username: name, role: "user", email: null })
      expect(await adapter.listKeys(name)).toEqual([{ ...key(name), userId: name }])
    })

    test("a key that is not text, or could be another's, is refused before anything is written", async () => {
      const before = await everything(store)
      for (const providerUserId of ["a\0b", "\ud800", "x".repeat(600)]) {
        await refused(adapter.insertKey({ ...key(providerUserId), userId: "alice" }))
        await refused(adapter.insertUser({ id: "bob", attributes: { username: "bob" } }, key(providerUserId)))
      }
      await refused(adapter.findKey("user:name", "alice"))
      await refused(adapter.insertUser({ id: "b\0b", attributes: { username: "bob" } }, null))
      expect(await everything(store)).toEqual(before)
    })
  })
}

function key(providerUserId: string) {
  return { providerId: "username", providerUserId, passwordHash: "hash" }
}

async function refused(call: Promise<unknown>): Promise<void> {
  await expect(call).rejects.toMatchObject({ name: "AuthError", code: "invalid_option" })
}

/** All rows of all tables and all the columns there are. */
async function everything({ dialect, run }: Pick<SqlStore, "dialect" | "run">): Promise<unknown> {
  const quote = dialect === "mysql" ? "`" : '"'
  const rows = ["user", "session", "user_key"].map((table) => run(`SELECT * FROM ${quote}${table}${quote} ORDER BY id`))
  const tables =
    dialect === "sqlite"
      ? run("SELECT sql FROM sqlite_master ORDER BY name")
      : run(
          `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ${dialect === "mysql" ? "DATABASE()" : "current_schema()"} ORDER BY 1, 2`,
        )
  return Promise.all([...rows, tables])
}
