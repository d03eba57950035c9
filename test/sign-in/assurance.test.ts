import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import { schema } from "../../adapters/sql.ts"
import type { SessionAdapter } from "../../src/index.ts"
import { createAuth } from "../../src/index.ts"
import { assurance, assuranceColumns, createSignIn } from "../../src/sign-in.ts"
import type { AssuranceRow } from "../../src/sign-in.ts"
import { createTokens } from "../../src/tokens.ts"
import { postgresServer } from "../servers.ts"
import { minute, proofOf, setUp } from "./set-up.ts"
import type { UserRow } from "./set-up.ts"

const at = 1764460800000
const nothing = { methods: [], provenAt: {}, authenticatedAt: null, level: 1 }

describe("assurance()", () => {
  test("reads the methods with their times, and the time of the latest", () => {
    expect(assurance({ methods: `password@${at},totp@${at + 5}`, authenticated_at: at + 5 })).toEqual({
      methods: ["password", "totp"],
      provenAt: { password: new Date(at), totp: new Date(at + 5) },
      authenticatedAt: new Date(at + 5),
      level: 2,
    })
  })

  test.each([
    ["password", 1],
    ["email", 1],
    ["oauth", 1],
    ["sign_up", 1],
    ["totp", 1],
    ["recovery", 1],
    ["totp,recovery", 1],
    ["password,email,oauth,sign_up", 1],
    ["passkey", 2],
    ["password,totp", 2],
    ["email,totp", 2],
    ["oauth,recovery", 2],
    ["sign_up,totp", 2],
  ])("%s is level %d", (methods, level) => {
    const written = methods.split(",").map((method) => `${method}@${at}`)
    expect(assurance({ methods: written.join(), authenticated_at: at }).level).toBe(level)
  })

  test.each([
    {},
    { methods: null, authenticated_at: null },
    { methods: "" },
    { methods: "password" },
    { methods: "password@" },
    { methods: "password@now" },
    { methods: `password@-${at}` },
    { methods: "password@9999999999999999999" },
    { methods: `Password@${at}` },
    { methods: `__proto__@${at},constructor@${at},toString@${at}` },
    { methods: `sms@${at}` },
    { methods: "{}", authenticated_at: "yesterday" },
    { methods: 5, authenticated_at: 1e300 },
    { methods: {}, authenticated_at: {} },
    { methods: new Uint8Array(3), authenticated_at: "" },
  ])("takes %o for level 1, with nothing proven", (row) => {
    expect(assurance(row as AssuranceRow)).toMatchObject({ methods: [], provenAt: {}, level: 1 })
    expect(() => new Date(assurance(row as AssuranceRow).authenticatedAt ?? 0).toISOString()).not.toThrow()
  })

  test("is nothing for a session that was stored before the columns were added", () => {
    expect(assurance({ methods: null, authenticated_at: null })).toEqual(nothing)
  })

  test("reads what it can: a method of a later release does not hide the others", () => {
    expect(assurance({ methods: `sms@${at},password@${at}` }).methods).toEqual(["password"])
  })

  test.each([at, String(at), BigInt(at)])("reads a time that a driver returns as %o", (authenticated_at) => {
    expect(assurance({ authenticated_at }).authenticatedAt).toEqual(new Date(at))
  })
})

describe("assuranceColumns", () => {
  let postgres: Awaited<ReturnType<typeof postgresServer>>
  beforeAll(async () => {
    postgres = await postgresServer()
  })
  afterAll(() => postgres?.close())

  test("are made by schema(), and SQLite returns what was stored", async () => {
    const db = new DatabaseSync(":memory:")
    db.exec(`CREATE TABLE "user" (id TEXT NOT NULL PRIMARY KEY, username TEXT)`)
    for (const statement of schema("sqlite", { sessionColumns: assuranceColumns })) db.exec(statement)
    db.exec(`INSERT INTO "user" VALUES ('ada', 'ada')`)
    await expectColumns(nodeSqliteAdapter<UserRow, AssuranceRow>(db))
    const row = db.prepare("SELECT methods, authenticated_at FROM session").get()
    expect(row).toEqual({
      methods: expect.stringMatching(/^email@\d+,totp@\d+$/),
      authenticated_at: expect.any(Number),
    })
  })

  test("are made by schema(), and PostgreSQL returns what was stored", async ({ skip }) => {
    if (!postgres) return skip()
    await postgres.pool.query(`CREATE TABLE "user" (id TEXT NOT NULL PRIMARY KEY, username TEXT)`)
    for (const statement of schema("postgres", { sessionColumns: { ...assuranceColumns } }))
      await postgres.pool.query(statement)
    await postgres.pool.query(`INSERT INTO "user" VALUES ('ada', 'ada')`)
    await expectColumns(pgAdapter<UserRow, AssuranceRow>(postgres.pool))
  })

  test("may be missing as long as the application does not show them", async () => {
    const db = new DatabaseSync(":memory:")
    db.exec(`CREATE TABLE "user" (id TEXT NOT NULL PRIMARY KEY, username TEXT)`)
    for (const statement of schema("sqlite")) db.exec(statement)
    db.exec(`INSERT INTO "user" VALUES ('ada', 'ada')`)
    const { options } = await setUp()
    const adapter = nodeSqliteAdapter<UserRow>(db)
    const auth = createAuth({ adapter, proofsOnly: true })
    const begun = await createSignIn({ ...options, auth }).beginSignIn(proofOf("email"))
    expect(begun.session?.userId).toBe("ada")
    const shows = createAuth({ adapter, proofsOnly: true, getSessionAttributes: assurance })
    await expect(createSignIn({ ...options, auth: shows }).beginSignIn(proofOf("email"))).rejects.toMatchObject({
      code: "invalid_option",
      message: expect.stringContaining("methods"),
    })
  })
})

/** Signs in by e-mail, adds a TOTP code a minute later, and reads the session again. */
async function expectColumns(adapter: SessionAdapter<UserRow, AssuranceRow>): Promise<void> {
  const { options, factors, now } = await setUp()
  const tokens = createTokens({ adapter: memoryAdapter<UserRow>(), purposes: {} })
  const auth = createAuth({ adapter, now, proofsOnly: true, getSessionAttributes: assurance })
  const door = createSignIn({ ...options, auth, tokens })
  const began = new Date(now())
  const { token } = await door.beginSignIn(proofOf("email"))
  const first = { methods: ["email"], provenAt: { email: began }, authenticatedAt: began, level: 1 }
  expect(await auth.validateSession(token)).toMatchObject({ session: first })
  const later = new Date(now.advance(minute))
  factors.totp.enroll("ada")
  const elevated = await door.elevate({ sessionToken: token, proof: (await factors.totp.verify("ada"))! })
  expect(await auth.validateSession(elevated?.token)).toMatchObject({
    session: {
      methods: ["email", "totp"],
      provenAt: { email: began, totp: later },
      authenticatedAt: later,
      level: 2,
    },
  })
}
