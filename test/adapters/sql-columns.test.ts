import { beforeEach, describe, expect, test } from "vitest"
import { empty, everyStore, mysqlStore, postgresStore, sqliteStore } from "./sql-stores.ts"

const times = { createdAt: new Date(1_700_000_000_000), expiresAt: new Date(2_000_000_000_000) }

for (const store of await everyStore()) {
  const quote = store.dialect === "mysql" ? "`" : '"'
  const name = (text: string) => quote + text + quote

  describe(store.dialect, () => {
    const adapter = store.adapter()
    const session = { id: "s", userId: "alice", ...times, attributes: {} }
    beforeEach(async () => {
      await empty(store)
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
      await adapter.insertSession(session)
    })

    test("a user column never mixes with a session column of the same name", async () => {
      for (const column of ["label", "expires_at", "user_id", "s:0"]) {
        await store.run(`ALTER TABLE ${name("user")} ADD COLUMN ${name(column)} VARCHAR(20) DEFAULT 'of user'`)
      }
      await adapter.updateSession("s", { label: "of session" })
      const fresh = store.adapter()
      const found = await fresh.findSession("s")
      expect(found?.session).toEqual({ ...session, attributes: { label: "of session" } })
      const own = { label: "of user", expires_at: "of user", user_id: "of user", "s:0": "of user" }
      expect(found?.user).toEqual({ id: "alice", username: "alice", role: "user", email: null, ...own })
      for (const column of ["label", "expires_at", "user_id", "s:0"]) {
        await store.run(`ALTER TABLE ${name("user")} DROP COLUMN ${name(column)}`)
      }
    })

    test("columns may be added and dropped while the program runs", async () => {
      await adapter.findSession("s")
      await store.run(`ALTER TABLE session ADD COLUMN city VARCHAR(20)`)
      const withCity: Record<string, string> = { city: "Ghent" }
      expect(await adapter.updateSession("s", withCity)).toBe(true)
      expect((await adapter.findSession("s"))?.session.attributes).toEqual({ label: null, city: "Ghent" })
      await store.run("ALTER TABLE session DROP COLUMN city")
      await expect(adapter.findSession("s")).rejects.toThrow(/city/)
      expect((await adapter.findSession("s"))?.session.attributes).toEqual({ label: null })
    })

    test("[F18] a missing table or column is named, and what to do; once put right, the same adapter works", async () => {
      const other = store.adapter({ tables: { session: "session_two", key: "key_two" } })
      const missing = {
        code: "invalid_option",
        message: expect.stringMatching(/"session_two" does not exist.*schema\(/s),
      }
      await expect(other.findSession("s")).rejects.toMatchObject(missing)
      await expect(other.findKey("a", "b")).rejects.toMatchObject({ message: expect.stringContaining('"key_two"') })
      const id = store.dialect === "mysql" ? "VARBINARY(255)" : "TEXT"
      await store.run(`CREATE TABLE session_two (id ${id} NOT NULL, user_id ${id} NOT NULL, created_at BIGINT)`)
      await expect(other.listSessions("alice")).rejects.toMatchObject({
        code: "invalid_option",
        message: expect.stringMatching(/"session_two" has no column "expires_at"/),
      })
      await store.run("ALTER TABLE session_two ADD COLUMN expires_at BIGINT")
      await other.insertSession(session)
      expect(await other.findSession("s")).toMatchObject({ session, user: { id: "alice" } })
      await store.run("DROP TABLE session_two")
      const strange = store.adapter({ tables: { user: "nobody" } })
      await expect(strange.findUser("a")).rejects.toMatchObject({ message: expect.stringContaining("tables.user") })
    })

    test("users may be kept without sessions and without keys", async () => {
      const other = store.adapter({ tables: { session: "no_sessions", key: "no_keys" } })
      await other.insertUser({ id: "bob", attributes: { username: "bob", role: "admin" } }, null)
      expect(await other.updateUser("bob", { role: "user" })).toBe("updated")
      expect(await other.updateUser("bob", {})).toBe("updated")
      expect(await other.updateUser("carol", {})).toBe("missing")
      await other.deleteUser("bob")
      expect(await other.findUser("bob")).toBeNull()
    })

    test("a session attribute that is left out of a replacement is as in a new session", async () => {
      await store.run(`ALTER TABLE session ADD COLUMN kind VARCHAR(20) NOT NULL DEFAULT 'what?1'`)
      const attributes: Record<string, string> = { kind: "other" }
      const fresh = store.adapter()
      await fresh.updateSession("s", attributes)
      expect(await fresh.replaceSession("s", { ...session, id: "t" })).toBe(true)
      expect((await fresh.findSession("t"))?.session.attributes).toEqual({ label: null, kind: "what?1" })
      await store.run("ALTER TABLE session DROP COLUMN kind")
    })

    test("a column that the database computes is read but not written", async () => {
      const type = store.dialect === "postgres" ? "TEXT" : "VARCHAR(300)"
      const sum = store.dialect === "mysql" ? "CONCAT(role, '!')" : "role || '!'"
      const stored = store.dialect === "postgres" ? "STORED" : "VIRTUAL"
      await store.run(`ALTER TABLE ${name("user")} ADD COLUMN loud ${type} GENERATED ALWAYS AS (${sum}) ${stored}`)
      const fresh = store.adapter()
      expect(await fresh.findUser("alice")).toMatchObject({ loud: "user!" })
      const written: object = { loud: "x" }
      await expect(fresh.updateUser("alice", written)).rejects.toMatchObject({ code: "invalid_option" })
      await store.run(`ALTER TABLE ${name("user")} DROP COLUMN loud`)
    })

    test("JSON columns take objects and give them back through a rotation", async () => {
      if (store.dialect !== "postgres") return
      await store.run("ALTER TABLE session ADD COLUMN device JSONB, ADD COLUMN tags TEXT[]")
      const fresh = store.adapter()
      const attributes: object = { device: [{ os: "x" }, "y"], tags: ["a,b", "c"] }
      await fresh.insertSession({ ...session, id: "j", attributes })
      const found = await fresh.findSession("j")
      expect(found?.session.attributes).toEqual({ label: null, ...attributes })
      await fresh.replaceSession("j", { ...session, id: "k", attributes: found?.session.attributes ?? {} })
      expect((await fresh.findSession("k"))?.session.attributes).toEqual({ label: null, ...attributes })
      await store.run("ALTER TABLE session DROP COLUMN device, DROP COLUMN tags")
    })
  })
}

test("an update that changes nothing finds its row, also where the driver counts only changed rows", async () => {
  const store = await mysqlStore("text", { flags: ["-FOUND_ROWS"] })
  if (!store) return
  const adapter = store.adapter()
  await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
  await adapter.insertSession({ id: "s", userId: "alice", ...times, attributes: { label: "same" } })
  expect(await adapter.updateSession("s", { label: "same" })).toBe(true)
  expect(await adapter.updateSession("t", { label: "same" })).toBe(false)
  expect(await adapter.updateUser("alice", { username: "alice" })).toBe("updated")
  expect(await adapter.updateUser("bob", { username: "alice" })).toBe("missing")
  const key = { providerId: "username", providerUserId: "alice" }
  await adapter.insertKey({ ...key, userId: "alice", passwordHash: "same" })
  expect(await adapter.replaceKeyPassword(key, "same", "same", {})).toBe(true)
  expect(await adapter.findSession("s")).toBeNull()
  expect(await adapter.replaceKeyPassword(key, "other", "other", {})).toBe(false)
  await store.close()
})

test("[F18] an id column whose collation is loose is refused on MySQL", async () => {
  const store = await mysqlStore()
  if (!store) return
  await store.run("ALTER TABLE session MODIFY user_id VARCHAR(255) NOT NULL")
  await expect(store.adapter().findSession("s")).rejects.toMatchObject({
    code: "invalid_option",
    message: expect.stringMatching(/"user_id" has the collation .*VARBINARY/),
  })
  await store.close()
})

test("a user table whose ids are integers is refused where ids are text: 5.0 would be user 5", async () => {
  for (const store of [await sqliteStore("integer"), await mysqlStore("bigint"), await postgresStore("integer")]) {
    if (!store) continue
    await expect(store.adapter({ userIdType: "text" }).findUser("5.0")).rejects.toMatchObject({
      code: "invalid_option",
      message: expect.stringMatching(
        /has ids of the type \w+, where userIdType is "text"; leave the option userIdType out/i,
      ),
    })
    await store.close()
  }
})

test("a user table may compare ids without regard to case: the adapter does not", async () => {
  const store = await sqliteStore()
  await store.run(`DROP TABLE "user"`)
  await store.run(`CREATE TABLE "user" (id TEXT PRIMARY KEY COLLATE NOCASE, username TEXT)`)
  const adapter = store.adapter()
  await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
  expect(await adapter.findUser("ALICE")).toBeNull()
  const session = { id: "s", userId: "Alice", ...times, attributes: {} }
  await expect(adapter.insertSession(session)).rejects.toMatchObject({ code: "user_missing" })
  expect(await adapter.findUser("alice")).not.toBeNull()
  await store.close()
})
