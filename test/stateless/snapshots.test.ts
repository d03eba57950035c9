import { describe, expect, test } from "vitest"

import { createAuth } from "../../src/index.ts"
import type { Duration } from "../../src/index.ts"
import { createSnapshots, createStatelessAuth } from "../../src/stateless.ts"
import { manualClock } from "../../src/testing.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { oddValues } from "../core/auth-fixture.ts"
import { hour, k1, k2, minute, second } from "./stateless-fixture.ts"

const claims = () => ({ role: "clerk" })

async function setUp({ maxAge }: { maxAge?: Duration } = {}) {
  const now = manualClock()
  const adapter = memoryAdapter<{ id: string }>()
  for (const id of ["user-1", "user-2"]) await adapter.insertUser({ id, attributes: {} }, null)
  const auth = createAuth({ adapter, now })
  const snapshots = createSnapshots({ secrets: [k1], claims, maxAge, now })
  return { auth, now, snapshots, ...(await auth.createSession("user-1")) }
}

describe("a snapshot", () => {
  test("says whose session it was, and what was claimed", async () => {
    const { snapshots, session, now, token } = await setUp()
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    const snapshot = {
      sessionId: session.id,
      userId: "user-1",
      claims: { role: "admin" },
      expiresAt: new Date(now() + minute),
    }
    expect(await snapshots.openUnboundSnapshot(value)).toEqual(snapshot)
    expect(await snapshots.openSnapshot(value, { sessionToken: token })).toEqual(snapshot)
    expect(value).not.toContain("admin")
    expect(snapshots).toMatchObject({ cookieName: "session-snapshot", maxAge: minute })
  })

  test("is ignored with another session's token, or none", async () => {
    const { auth, snapshots, session } = await setUp()
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    const other = await auth.createSession("user-1")
    for (const token of [other.token, session.id, ...oddValues])
      expect(await snapshots.openSnapshot(value, { sessionToken: token })).toBeNull()
  })

  test("is nothing for who does not say whose it must be", async () => {
    const { snapshots, session, token } = await setUp()
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    for (const bound of [undefined, null, {}, token])
      expect(await snapshots.openSnapshot(value, bound as never)).toBeNull()
  })

  test("lives for maxAge, and never longer than its session", async () => {
    const { snapshots, session, now } = await setUp()
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    now.advance(minute - 1)
    expect(await snapshots.openUnboundSnapshot(value)).not.toBeNull()
    const last = { ...session, expiresAt: new Date(now() + second) }
    const short = await snapshots.sealSnapshot(last, { role: "admin" })
    now.advance(1)
    expect(await snapshots.openUnboundSnapshot(value)).toBeNull()
    now.advance(second - 2)
    expect(await snapshots.openUnboundSnapshot(short)).toMatchObject({ expiresAt: last.expiresAt })
    now.advance(1)
    expect(await snapshots.openUnboundSnapshot(short)).toBeNull()
  })

  test("[STL-4] of the future is nothing", async () => {
    const { snapshots, session, now } = await setUp()
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    now.advance(-1)
    expect(await snapshots.openUnboundSnapshot(value)).toBeNull()
  })

  test("ends sooner where the reader allows less", async () => {
    const { snapshots, session, now } = await setUp({ maxAge: "5m" })
    const reader = createSnapshots({ secrets: [k1], claims, now, maxAge: "10s" })
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    now.advance(10 * second)
    expect(await snapshots.openUnboundSnapshot(value)).not.toBeNull()
    expect(await reader.openUnboundSnapshot(value)).toBeNull()
  })

  test("[STL-4] and a session cannot be taken for each other", async () => {
    const { snapshots, session, now } = await setUp()
    const stateless = createStatelessAuth({ secrets: [k1], now })
    const { token } = await stateless.createSession("user-1")
    expect(await snapshots.openUnboundSnapshot(token)).toBeNull()
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    expect(await stateless.validateSession(value)).toMatchObject({ reason: "unknown" })
  })

  test("opens under each of the secrets", async () => {
    const { snapshots, session, now } = await setUp()
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    const open = (...secrets: string[]) => createSnapshots({ secrets, claims, now }).openUnboundSnapshot(value)
    expect(await open(k2, k1)).not.toBeNull()
    expect(await open(k2)).toBeNull()
  })

  test("opens from nothing else", async () => {
    const { snapshots, session } = await setUp()
    const value = await snapshots.sealSnapshot(session, { role: "admin" })
    for (const odd of [...oddValues, `${value}A`, value.slice(1), "A".repeat(2_000_000)])
      expect(await snapshots.openUnboundSnapshot(odd)).toBeNull()
  })

  test("keeps the type of the user's id", async () => {
    const { snapshots, session } = await setUp()
    for (const userId of ["1", 1, 1n]) {
      const value = await snapshots.sealSnapshot({ ...session, userId }, { role: "admin" })
      expect((await snapshots.openUnboundSnapshot(value))?.userId).toBe(userId)
    }
  })

  test("holds JSON that fits a cookie", async () => {
    const { snapshots, session } = await setUp()
    const seal = (role: unknown) => snapshots.sealSnapshot(session, { role: role as string })
    await expect(seal(new Date())).rejects.toMatchObject({ code: "invalid_option" })
    await expect(seal("x".repeat(3000))).rejects.toMatchObject({ code: "cookie_too_large" })
  })
})

describe("a snapshot is renewed", () => {
  test("when half of its time is over, its claims or its session changed, or there is none", async () => {
    const { auth, snapshots, session, now } = await setUp()
    const claims = { role: "admin" }
    const value = await snapshots.sealSnapshot(session, claims)
    expect(await snapshots.renewSnapshot(value, session, claims)).toBeNull()
    const other = (await auth.createSession("user-1")).session
    for (const renewed of [
      await snapshots.renewSnapshot(null, session, claims),
      await snapshots.renewSnapshot("x", session, claims),
      await snapshots.renewSnapshot(value, session, { role: "clerk" }),
      await snapshots.renewSnapshot(value, other, claims),
      await snapshots.renewSnapshot(value, { ...session, userId: "user-2" }, claims),
    ])
      expect(await snapshots.openUnboundSnapshot(renewed)).not.toBeNull()
    now.advance(30 * second)
    expect(await snapshots.renewSnapshot(value, session, claims)).not.toBeNull()
  })
})

test("invalid options throw", () => {
  for (const maxAge of ["6m", "1h", "0s", "x"])
    expect(() => createSnapshots({ secrets: [k1], claims, maxAge: maxAge as "1s" })).toThrow(
      expect.objectContaining({ code: "invalid_option" }),
    )
  expect(createSnapshots({ secrets: [k1], claims, maxAge: "5m" }).maxAge).toBe(hour / 12)
  for (const secrets of [[], [undefined], ["short"]])
    expect(() => createSnapshots({ secrets, claims })).toThrow(/openssl rand -base64 32/)
  for (const wrong of [undefined, null, {}])
    expect(() => createSnapshots({ secrets: [k1], claims: wrong as never })).toThrow(
      /^claims: .* is not a function; use one/,
    )
  expect(() => createSnapshots(undefined!)).toThrow(expect.objectContaining({ code: "invalid_option" }))
})
