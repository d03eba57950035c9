import { createHash } from "node:crypto"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, test } from "vitest"

import { memoryAdapter } from "../../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../../adapters/node-sqlite.ts"
import { schema } from "../../../adapters/sql.ts"
import { createAuth } from "../../../src/index.ts"
import type { AuthEvent, SessionAdapter } from "../../../src/index.ts"
import { acceptLuciaTokens, fromLuciaAdapter, Lucia } from "../../../src/lucia.ts"
import { manualClock } from "../../../src/testing.ts"
import { memoryLuciaAdapter } from "./memory-lucia-adapter.ts"

interface UserRow {
  id: string
  username: string
}

interface SessionRow {
  secret_hash?: unknown
}

type Store = SessionAdapter<UserRow, SessionRow>

const day = 86_400_000
const v3 = "abcdefghijklmnopqrstuvwxyz234567abcdefgh"
const v2 = "a1b2c3d4e5f6g7h8i9j0a1b2c3d4e5f6g7h8i9j0"
const other = "z".repeat(40)
const bytes = Uint8Array.from({ length: 32 }, (_, n) => 255 - n)
const base64 = Buffer.from(bytes).toString("base64")
const designA = `abcdefghijkmnpqr.${base64}`
const designB = "abcdefghijkmnpqrabcdefgh.23456789abcdefgh23456789"

const sha256 = (value: string | Uint8Array) => createHash("sha256").update(value).digest()
const hex = (value: string) => sha256(value).toString("hex")
const secretHashes = { [designA]: sha256(bytes), [designB]: sha256("23456789abcdefgh23456789") }

/** A table with Ada, Grace and what puts a row into it. */
interface Table {
  adapter: Store
  ids(): Promise<string[]>
}

const stores: { name: string; isAtomic: boolean; open(): Promise<Table> }[] = [
  { name: "memory", isAtomic: true, open: openMemory },
  { name: "node-sqlite", isAtomic: true, open: openSqlite },
  { name: "an adapter of Lucia v3", isAtomic: false, open: openLucia },
]

async function openMemory(): Promise<Table> {
  const adapter = memoryAdapter<UserRow, SessionRow>()
  for (const id of ["ada", "grace"]) await adapter.insertUser({ id, attributes: { username: id } }, null)
  const ids = async () => (await adapter.listSessions("ada")).map(({ id }) => id)
  return { adapter, ids }
}

async function openSqlite(): Promise<Table> {
  const db = new DatabaseSync(":memory:")
  db.exec(`CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL)`)
  for (const statement of schema("sqlite", { sessionColumns: { secret_hash: "BLOB" } })) db.exec(statement)
  for (const id of ["ada", "grace"]) db.prepare(`INSERT INTO "user" VALUES (?, ?)`).run(id, id)
  const ids = async () =>
    db
      .prepare("SELECT id FROM session")
      .all()
      .map(({ id }) => String(id))
  return { adapter: nodeSqliteAdapter<UserRow, SessionRow>(db), ids }
}

async function openLucia(): Promise<Table> {
  const lucia = memoryLuciaAdapter()
  for (const id of ["ada", "grace"]) lucia.users.set(id, { id, attributes: { username: id } })
  const adapter = fromLuciaAdapter<UserRow, SessionRow>(lucia, { createdAt: "created_at" })
  return { adapter, ids: async () => [...lucia.sessions.keys()] }
}

const start = Date.UTC(2030, 0, 1)
const createdAt = new Date(start - 10 * day)
const expiresAt = new Date(start + 20 * day)

async function setUp(open: () => Promise<Table>, ...ids: string[]) {
  const table = await open()
  for (const id of ids) await table.adapter.insertSession({ id, userId: "ada", createdAt, expiresAt, attributes: {} })
  const now = manualClock(start)
  const events: AuthEvent[] = []
  const calls: string[] = []
  const adapter = counted(table.adapter, calls)
  const options = { cookie: { name: "auth_session" }, now, onEvent: (event: AuthEvent) => void events.push(event) }
  const own = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }), ...options })
  calls.length = 0
  return { ...table, adapter, own, auth: acceptLuciaTokens(own, { adapter }), now, events, calls }
}

function counted(adapter: Store, calls: string[]): Store {
  const methods = Object.entries(adapter).map(([name, method]) => [
    name,
    (...values: never[]) => {
      // checkSession() asks the store nothing.
      if (name !== "checkSession") calls.push(name)
      return (method as (...values: never[]) => unknown)(...values)
    },
  ])
  return { ...adapter, ...(Object.fromEntries(methods) as Store) }
}

async function tokenOf(auth: { validateSession(token: unknown): Promise<object> }, old: string): Promise<string> {
  const result = await auth.validateSession(old)
  return "token" in result ? String(result.token) : expect.fail("not signed in")
}

const signedOut = { session: null, user: null, reason: "unknown" }

describe.each(stores)("over $name", ({ open }) => {
  describe.each([
    { kind: "Lucia v3's, kept in clear", old: v3, id: v3 },
    { kind: "Lucia v3's, kept as a hash", old: v3, id: hex(v3) },
    { kind: "Lucia v2's, kept in clear", old: v2, id: v2 },
    { kind: "Lucia v2's, kept as a hash", old: v2, id: hex(v2) },
  ])("a cookie of $kind,", ({ old, id }) => {
    test("is worth one token of ours, whose session has the old one's times and place", async () => {
      const { auth, ids } = await setUp(open, id)
      const result = await auth.validateSession(old)
      const token = await tokenOf(auth, old)
      expect(token).toMatch(/^[a-z2-7]{32}$/)
      expect(await ids()).toEqual([hex(token)])
      const session = { id: hex(token), userId: "ada", createdAt, expiresAt, fresh: false }
      expect(result).toEqual({ session, user: { id: "ada", username: "ada" }, token })
      expect(await auth.validateSession(token)).toEqual({ session, user: { id: "ada", username: "ada" } })
    })

    test("is worth the same to all who bring it at once", async () => {
      const { auth, ids } = await setUp(open, id)
      const results = await Promise.all(Array.from({ length: 8 }, () => auth.validateSession(old)))
      expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
      expect(results[0]).toMatchObject({ user: { username: "ada" } })
      expect(await ids()).toHaveLength(1)
    })

    test("is worth nothing once its session has ended, by what was listed or by what was validated", async () => {
      const { auth, ids } = await setUp(open, id)
      const [listed] = await auth.getUserSessions("ada")
      expect(listed?.id).not.toBe(v3)
      expect(await auth.invalidateSession(listed!.id)).toBe(true)
      expect([await auth.validateSession(old), await ids()]).toEqual([signedOut, []])
    })

    test("is dead after a rotation, and so is its first replacement", async () => {
      const { auth, ids } = await setUp(open, id)
      const token = await tokenOf(await setUp(open, id).then(({ auth }) => auth), old)
      const rotated = await auth.rotateSession(old)
      expect(rotated?.token).not.toBe(token)
      expect(await auth.validateSession(rotated?.token)).toMatchObject({ session: { createdAt } })
      for (const dead of [old, token]) expect(await auth.validateSession(dead)).toEqual(signedOut)
      expect(await ids()).toEqual([rotated?.session.id])
    })

    test("is dead after signing out everywhere, but for the session that is kept", async () => {
      const { auth } = await setUp(open, id, other)
      const kept = hex(await tokenOf(auth, other))
      await auth.invalidateUserSessions("ada", { except: kept })
      expect(await auth.validateSession(old)).toEqual(signedOut)
      expect(await auth.validateSession(other)).toMatchObject({ session: { id: kept } })
      await auth.invalidateUserSessions("ada")
      expect(await auth.validateSession(other)).toEqual(signedOut)
    })

    test("tells its story in the events: one move, and no refusal", async () => {
      const { auth, events, ids } = await setUp(open, id)
      await tokenOf(auth, old)
      await tokenOf(auth, old)
      expect(events).toEqual([
        { type: "session_rotated", at: new Date(start), userId: "ada", sessionId: (await ids())[0] },
      ])
    })

    test("ends with its deadline", async () => {
      const { auth, now } = await setUp(open, id)
      now.advance(20 * day)
      expect(await auth.validateSession(old)).toEqual({ ...signedOut, reason: "expired" })
    })

    test("is found by what was taken apart: request and adapter", async () => {
      const { auth, adapter, events, calls } = await setUp(open, id)
      const request = { url: "/" }
      const { validateSession } = auth.withAdapter(adapter).withRequest(request)
      expect(await validateSession(old)).toMatchObject({ user: { username: "ada" } })
      expect(events).toEqual([expect.objectContaining({ type: "session_rotated", request })])
      expect(calls.filter((name) => name === "replaceSession")).toHaveLength(1)
    })

    test("comes to light as the session's own by isTokenOf()", async () => {
      const { auth } = await setUp(open, id)
      const token = await tokenOf(auth, old)
      for (const good of [old, token]) expect(await auth.isTokenOf?.(good, hex(token))).toBe(true)
      for (const bad of [other, v3.slice(8), "", hex(token)])
        expect(await auth.isTokenOf?.(bad, hex(token))).toBe(false)
    })
  })

  test("what a crash in the middle of a move has left ends with the session", async () => {
    for (const end of ["sign-out", "owner's sign-out", "rotation", "everywhere else"] as const) {
      const { auth, ids, adapter } = await setUp(open, v3)
      const token = await tokenOf(auth, v3)
      await adapter.insertSession({ id: v3, userId: "ada", createdAt, expiresAt, attributes: {} })
      expect(await ids()).toHaveLength(2)
      expect(await auth.getUserSessions("ada")).toMatchObject([{ id: hex(token) }])
      if (end === "sign-out") expect(await auth.invalidateSession(hex(token))).toBe(true)
      if (end === "owner's sign-out") await auth.invalidateSession(hex(token), { userId: "ada" })
      if (end === "rotation") await auth.rotateSession(token)
      if (end === "everywhere else") await auth.invalidateUserSessions("ada", { except: hex(other) })
      for (const dead of [v3, token]) expect(await auth.validateSession(dead), end).toEqual(signedOut)
      expect(await ids()).toHaveLength(end === "rotation" ? 1 : 0)
    }
  })

  test("what a crash has left as a hash ends with the session, in the request that presented its token", async () => {
    const { auth, ids, adapter } = await setUp(open, hex(v3))
    const token = await tokenOf(auth, v3)
    await adapter.insertSession({ id: hex(v3), userId: "ada", createdAt, expiresAt, attributes: {} })
    const { validateSession, invalidateSession } = auth.withRequest({})
    await validateSession(v3)
    await invalidateSession(hex(token))
    expect([await auth.validateSession(v3), await ids()]).toEqual([signedOut, []])
  })

  test("another's session is not ended, nor what is left of it", async () => {
    const { auth, ids, adapter } = await setUp(open, v3)
    const token = await tokenOf(auth, v3)
    await adapter.insertSession({ id: v3, userId: "ada", createdAt, expiresAt, attributes: {} })
    expect(await auth.invalidateSession(hex(token), { userId: "grace" })).toBe(false)
    // What a form sends where nobody is signed in.
    await expect(auth.invalidateSession(hex(token), { userId: undefined })).rejects.toThrow(
      "userId: undefined is not a user id; ",
    )
    expect(await ids()).toHaveLength(2)
  })

  test("a session that is ended beside its move stays ended, however often it is presented", async () => {
    for (let turn = 0; turn < 10; turn++) {
      const { auth, ids } = await setUp(open, v3)
      const requests = Array.from({ length: 4 }, () => auth.validateSession(v3))
      const ended = auth.invalidateUserSessions("ada")
      await Promise.all([...requests, ended])
      expect([await auth.validateSession(v3), await ids()]).toEqual([signedOut, []])
    }
  })

  test("an unknown token costs four reads, and writes nothing", async () => {
    const { auth, calls, ids } = await setUp(open)
    expect(await auth.validateSession(v3)).toEqual(signedOut)
    expect(await auth.rotateSession(v2)).toBeNull()
    expect(calls).toEqual(Array.from({ length: 8 }, () => "findSession"))
    expect(await ids()).toEqual([])
  })

  test("a token that has moved costs one read, and ours as much as without", async () => {
    const { auth, calls } = await setUp(open, v3)
    const token = await tokenOf(auth, v3)
    for (const each of [v3, token]) {
      calls.length = 0
      await auth.validateSession(each)
      expect(calls).toEqual(["findSession"])
    }
  })

  test.each([
    ["a hash of a token", hex(v3)],
    ["too short", v3.slice(1)],
    ["too long", `${v3}a`],
    ["another case", v3.toUpperCase()],
    ["a line more", `${v3}\n`],
    ["escapes", v3.replace("a", "%61")],
    ["an object", new String(v3)],
    ["a list", [v3]],
    ["nothing", undefined],
    ["half a token", designB.split(".")[0]],
    ["three parts", `${designB}.a`],
    ["a letter that is not of the alphabet", designB.replace("a", "l")],
    ["a secret that is no base64", designA.replace("=", "-")],
    ["a second spelling of base64", designA.replace(/.=$/, "B=")],
    ["very long", "a".repeat(1_000_000)],
  ])("what is no token costs neither a hash nor a read [TOK-5]: %s", async (_, value) => {
    const { auth, calls } = await setUp(open, v3, hex(v3))
    expect(await auth.validateSession(value)).toEqual({ ...signedOut, reason: "malformed" })
    expect(await auth.rotateSession(value)).toBeNull()
    expect(calls).toEqual([])
  })

  test("an outage in the middle of it is an outage, not a visitor who is signed out", async () => {
    const { own, adapter } = await setUp(open, v3)
    const broken = { ...adapter, replaceSession: () => Promise.reject(new Error("gone")) }
    const auth = acceptLuciaTokens(own, { adapter: broken })
    await expect(auth.validateSession(v3)).rejects.toMatchObject({ code: "store_failed" })
  })

  test("the drop-in for Lucia finds what was moved by the new cookie, so that there is a way back", async () => {
    const { auth, adapter } = await setUp(open, v3)
    const token = await tokenOf(auth, v3)
    const lucia = new Lucia(adapter)
    expect(await lucia.validateSession(token)).toMatchObject({ session: { userId: "ada" } })
    expect(await lucia.validateSession(v3)).toEqual({ user: null, session: null })
  })
})

describe.each(stores.filter(({ isAtomic }) => isAtomic))("over $name, id.secret", ({ open }) => {
  const split = Object.entries(secretHashes).map(([token, hash]) => ({ token, id: token.split(".")[0]!, hash }))

  async function setUpSplit({ id, hash }: { id: string; hash: unknown }) {
    const made = await setUp(open)
    const row = { id, userId: "ada", createdAt, expiresAt, attributes: { secret_hash: hash } }
    await made.adapter.insertSession(row)
    made.calls.length = 0
    return made
  }

  test.each(split)("is worth a token of ours: $token", async (row) => {
    const { auth, ids, adapter } = await setUpSplit(row)
    const token = await tokenOf(auth, row.token)
    expect(await tokenOf(auth, row.token)).toBe(token)
    expect(await auth.validateSession(token)).toMatchObject({ session: { createdAt, expiresAt } })
    expect(await ids()).toEqual([hex(token)])
    const found = await adapter.findSession(hex(token))
    expect(found?.session.attributes.secret_hash ?? null, "the hash is no longer kept").toBeNull()
  })

  test.each(split)("is worth nothing with another secret, or under another's id: $token", async (row) => {
    const { auth, ids, calls } = await setUpSplit(row)
    const last = row.token.endsWith("=") ? "E=" : "z"
    const wrong = row.token.replace(/(.=|.)$/, last)
    expect(await auth.validateSession(wrong)).toEqual(signedOut)
    expect(await auth.validateSession(wrong.replace("a", "b"))).toEqual(signedOut)
    expect(calls).toEqual(Array.from({ length: 6 }, () => "findSession"))
    expect(await ids()).toEqual([row.id])
  })

  test("is worth nothing where the row has no hash", async () => {
    for (const hash of [null, "", new Uint8Array(0), "not hex"]) {
      const { auth } = await setUpSplit({ id: designB.split(".")[0]!, hash })
      expect(await auth.validateSession(designB)).toEqual(signedOut)
    }
  })

  test("is read with what cookies have escaped", async () => {
    const { auth } = await setUpSplit(split[0]!)
    expect(base64).toMatch(/[+/].*=/)
    expect(await tokenOf(auth, designA.replace(base64, encodeURIComponent(base64)))).toBe(await tokenOf(auth, designA))
  })

  test("is listed by its id, which is public, and ended by it, by its owner only", async () => {
    const { auth, ids, events } = await setUpSplit(split[1]!)
    const [listed] = await auth.getUserSessions("ada")
    expect(listed?.id).toBe(split[1]?.id)
    expect(await auth.invalidateSession(listed!.id, { userId: "grace" })).toBe(false)
    expect(events).toEqual([])
    expect(await auth.invalidateSession(listed!.id, { userId: "ada" })).toBe(true)
    expect(events).toMatchObject([{ type: "session_ended", sessionId: listed?.id, userId: "ada" }])
    expect([await ids(), await auth.validateSession(designB)]).toEqual([[], signedOut])
  })
})

test.each([
  ["a Buffer", (hash: Buffer) => hash],
  ["a Uint8Array", (hash: Buffer) => new Uint8Array(hash)],
  ["an ArrayBuffer", (hash: Buffer) => new Uint8Array(hash).buffer],
  ["a list of numbers", (hash: Buffer) => [...hash]],
  ["hex", (hash: Buffer) => hash.toString("hex")],
  ["PostgreSQL's hex", (hash: Buffer) => `\\x${hash.toString("hex")}`],
])("secret_hash may come as %s, in a column of either spelling", async (_, written) => {
  for (const name of ["secret_hash", "secretHash"]) {
    const { auth, adapter } = await setUp(openMemory)
    const attributes = { [name]: written(sha256(bytes)) }
    await adapter.insertSession({ id: designA.slice(0, 16), userId: "ada", createdAt, expiresAt, attributes })
    expect(await auth.validateSession(designA)).toMatchObject({ user: { username: "ada" } })
  }
})

test("the replacement of a token is the same in every version, since servers of two versions may run at the same time", async () => {
  const { auth } = await setUp(openMemory, v3, v2)
  expect([await tokenOf(auth, v3), await tokenOf(auth, v2)]).toEqual([
    "svv62wpnfupyrt3aooytug7i5r2k3hfq",
    "vht56u2ofww7v5qlexvnwyobx5yxheze",
  ])
})

test("what is not an adapter is refused at once", async () => {
  const { own } = await setUp(openMemory)
  // @ts-expect-error Nothing to find old sessions in.
  expect(() => acceptLuciaTokens(own)).toThrow(expect.objectContaining({ code: "missing_port" }))
  // @ts-expect-error An object without methods.
  expect(() => acceptLuciaTokens(own, { adapter: {} })).toThrow(expect.objectContaining({ code: "missing_port" }))
})

test("whoever has read the table cannot make a token of what stands there", async () => {
  const { auth, ids } = await setUp(openMemory, hex(v3))
  const [stored = ""] = await ids()
  for (const guess of [stored, stored.slice(0, 40), stored.slice(24)])
    expect(await auth.validateSession(guess)).toMatchObject({ session: null })
  expect(await ids()).toEqual([stored])
})
