import type { ExpectStatic } from "vitest"
import type { DialectName } from "../../adapters/sql/dialect.ts"
import { isAuthError } from "../../src/core/errors.ts"
import { asId } from "../../src/testing/hostile-input.ts"
import type { DriverCase, DriverSetup } from "./driver-cases.ts"

/** What a case needs of a setup. */
export type AttributeSetup = Pick<DriverSetup, "dialect" | "adapter" | "run">

/** One requirement of every SQL driver, for any test runner. */
export interface AttributeCase extends Pick<DriverCase, "name"> {
  run(setup: AttributeSetup, expect: ExpectStatic): Promise<void>
}

const times = { createdAt: new Date(1_700_000_000_001), expiresAt: new Date(2_000_000_000_003) }
const key = { providerId: "username", providerUserId: "bob", passwordHash: "hash" }
const date = new Date("2031-02-03T04:05:06.789Z")
const bytes = new Uint8Array([0, 255, 1])

/** A column's type, what is written there, and what comes back if it is not that. */
type Stored = [type: string, value: unknown, read?: unknown]

const stored: Record<DialectName, Record<string, Stored>> = {
  sqlite: {
    yes: ["BOOLEAN", true],
    no: ["BOOL", false],
    one: ["BOOLEAN", 1, true],
    flag: ["INTEGER", true, 1],
    at: ["DATETIME", date],
    day: ["DATE", new Date(0)],
    stamp: ["TIMESTAMP", "2031-02-03 04:05:06", new Date("2031-02-03T04:05:06Z")],
    born: ["DATE", "1970-01-01"],
    object: ["JSON", { a: [1, "x", null, { b: true }] }],
    list: ["JSONB", ["x", "y"]],
    words: ["JSON", `"quoted" text`],
    whole: ["INTEGER", 2 ** 40],
    big: ["INTEGER", 5n, 5],
    part: ["REAL", 1.5],
    note: ["TEXT", "5"],
    raw: ["BLOB", bytes],
  },
  postgres: {
    yes: ["BOOLEAN", true],
    no: ["BOOLEAN", false],
    at: ["TIMESTAMPTZ", date],
    stamp: ["TIMESTAMP", date],
    object: ["JSONB", { a: [1, "x", null, { b: true }] }],
    list: ["JSON", [{ a: 1 }, ["x"]]],
    words: ["JSONB", `"quoted" text`],
    number: ["JSONB", 5],
    truth: ["JSON", false],
    labels: ["TEXT[]", ["a,b", `"c"`, ""]],
    counts: ["INTEGER[]", [1, 2]],
    whole: ["INTEGER", -5],
    part: ["DOUBLE PRECISION", 1.5],
    note: ["TEXT", "5"],
    ref: ["UUID", "0f8fad5b-d9cb-469f-a165-70867728950e"],
    raw: ["BYTEA", bytes],
  },
  mysql: {
    yes: ["BOOLEAN", true, 1],
    no: ["BOOLEAN", false, 0],
    at: ["DATETIME(3)", date],
    stamp: ["TIMESTAMP(3) NULL", date],
    whole: ["INT", -5],
    most: ["TINYINT UNSIGNED", 255],
    big: ["BIGINT", 5n, 5],
    part: ["DOUBLE", 1.5],
    note: ["VARCHAR(9)", "5"],
    ref: ["UUID", "0f8fad5b-d9cb-469f-a165-70867728950e"],
    raw: ["VARBINARY(9)", bytes],
  },
}

const circular: { self?: object } = {}
circular.self = circular

/** A column's type and values that it does not hold. */
const refused: Record<DialectName, Record<string, [type: string, values: unknown[]]>> = {
  sqlite: {
    for_text: ["TEXT", [true, date, 5, 5n, NaN, { a: 1 }, ["x"], bytes, Symbol("x"), () => "x"]],
    for_number: ["INTEGER", [date, NaN, Infinity, { a: 1 }, ["x"], 2n ** 64n, 2n ** 53n, 2 ** 60, String(2 ** 60)]],
    for_flag: ["BOOLEAN", [date, "true", 2, bytes]],
    for_time: ["DATETIME", [true, new Date(NaN), { a: 1 }, -(2 ** 60)]],
    for_json: ["JSON", [2 ** 60, 5n, { a: 5n }, NaN, date, bytes, circular, () => "x"]],
    for_bytes: ["BLOB", [true, date, { a: 1 }]],
    for_any: ["", [true, date, { a: 1 }, NaN]],
  },
  postgres: {
    for_text: ["TEXT", [true, date, 5, 5n, NaN, { a: 1 }, ["x"], bytes, Symbol("x"), () => "x", "nul\0"]],
    for_short: ["VARCHAR(5)", ["longer", 5]],
    for_number: ["INTEGER", [true, date, NaN, 1.5, 2 ** 40, 2n ** 31n, { a: 1 }, ["x"]]],
    for_large: ["BIGINT", [2n ** 63n, 2 ** 60, date]],
    for_flag: ["BOOLEAN", [date, "true", 1, 0n, bytes]],
    for_time: ["TIMESTAMPTZ", [true, 5, new Date(NaN), { a: 1 }]],
    for_json: ["JSONB", [5n, { a: 5n }, NaN, date, bytes, circular, () => "x"]],
    for_list: ["TEXT[]", [{ a: 1 }, 5, date]],
    for_uuid: ["UUID", ["nope", 5, ["x"]]],
    for_bytes: ["BYTEA", ["text", true, { a: 1 }]],
  },
  mysql: {
    for_text: ["TEXT", [true, date, 5, 5n, NaN, { a: 1 }, ["x"], bytes, Symbol("x"), () => "x"]],
    for_short: ["VARCHAR(5)", ["longer", 5]],
    for_number: ["INT", [date, NaN, 1.5, 2 ** 40, 2n ** 31n, { a: 1 }, ["x"]]],
    for_count: ["TINYINT UNSIGNED", [-1, 256]],
    for_flag: ["BOOLEAN", [date, NaN, { a: 1 }]],
    for_time: ["DATETIME", [true, 5, new Date(NaN), { a: 1 }]],
    for_uuid: ["UUID", ["nope", 5]],
    for_bytes: ["VARBINARY(5)", ["longer", true, { a: 1 }]],
  },
}

/** What the adapter of every driver must do with attributes. */
export const attributeCases: AttributeCase[] = [
  {
    name: "attributes come back as they were written, or as the column's type has it",
    async run(setup, expect) {
      const all = stored[setup.dialect]
      await addColumns(setup, all)
      const adapter = setup.adapter()
      const [written, read] = [valuesOf(all, 1), valuesOf(all, 2)]
      await adapter.insertUser({ id: "alice", attributes: { username: "alice", ...written } }, null)
      expect(plain(await adapter.findUser("alice"))).toMatchObject(plain(read))
      const attributes = written
      await adapter.insertSession({ id: "s1", userId: "alice", ...times, attributes })
      const inserted = await adapter.findSession("s1")
      expect(plain(inserted?.session.attributes)).toMatchObject(plain(read))
      // A rotation writes the values that were read.
      const again = { ...inserted?.session.attributes }
      expect(await adapter.replaceSession("s1", { id: "s2", userId: "alice", ...times, attributes: again })).toBe(true)
      const found = await adapter.findSession("s2")
      expect(plain(found?.session.attributes)).toMatchObject(plain(read))
      expect(plain(found?.user)).toMatchObject(plain(read))
      await setup.run(`UPDATE ${user(setup)} SET ${Object.keys(all).join(" = NULL, ")} = NULL`)
      expect(await adapter.updateUser("alice", written)).toBe("updated")
      expect(await adapter.updateSession("s2", attributes)).toBe(true)
      const updated = await adapter.findSession("s2")
      expect(plain(updated?.user)).toMatchObject(plain(read))
      expect(plain(updated?.session.attributes)).toMatchObject(plain(read))
      const nothing = Object.fromEntries(Object.keys(all).map((name) => [name, undefined]))
      expect(await adapter.updateUser("alice", nothing)).toBe("updated")
      expect(plain(await adapter.findUser("alice"))).toMatchObject(plain(read))
      await dropColumns(setup, all)
    },
  },
  {
    name: "a value that its column does not hold is refused by the attribute's name, and nothing is written",
    async run(setup, expect) {
      const all = refused[setup.dialect]
      await addColumns(setup, all)
      const adapter = setup.adapter()
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
      const session = { id: "s1", userId: "alice", ...times, attributes: {} }
      await adapter.insertSession(session)
      for (const [name, [, values]] of Object.entries(all)) {
        for (const value of values) {
          const attributes: object = { [name]: value }
          const calls = [
            adapter.insertUser({ id: "bob", attributes: { username: "bob", ...attributes } }, key),
            adapter.updateUser("alice", attributes),
            adapter.insertSession({ ...session, id: "s2", attributes }),
            adapter.updateSession("s1", attributes),
            adapter.replaceSession("s1", { ...session, id: "s3", attributes }),
          ]
          for (const { reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
            const told = isAuthError(reason) ? `${reason.code}: ${reason.message}` : reason
            expect(told, `${name}: ${String(asId(typeof value))}`).toMatch(new RegExp(`^invalid_option: .*"${name}"`))
          }
        }
      }
      expect(await adapter.findUser("bob")).toBeNull()
      expect(await adapter.findKey("username", "bob")).toBeNull()
      expect(await adapter.listSessions("alice")).toHaveLength(1)
      await dropColumns(setup, all)
    },
  },
  {
    name: "what the tables refuse is the developer's mistake, and says what is concerned",
    async run(setup, expect) {
      const adapter = setup.adapter()
      await adapter.insertUser({ id: "alice", attributes: { username: "alice" } }, null)
      const mistake = (pattern: RegExp) => ({ code: "invalid_option", message: expect.stringMatching(pattern) })
      const unnamed = adapter.insertUser({ id: "bob", attributes: {} }, key)
      await expect(unnamed).rejects.toMatchObject(mistake(/"(?:user\.)?username" needs a value/))
      await expect(adapter.updateUser("alice", { username: asId(null) })).rejects.toMatchObject(mistake(/username/))
      await setup.run(`ALTER TABLE ${user(setup)} ADD COLUMN age INTEGER CHECK (age > 0)`)
      const attributes: object = { username: "bob", age: -1 }
      await expect(setup.adapter().insertUser({ id: "bob", attributes }, key)).rejects.toMatchObject(
        mistake(/constraint "\S/),
      )
      expect(await adapter.findUser("bob")).toBeNull()
      expect(await adapter.findKey("username", "bob")).toBeNull()

      await setup.run(`CREATE TABLE post (author ${idType[setup.dialect]} NOT NULL REFERENCES ${user(setup)} (id))`)
      await setup.run(`INSERT INTO post (author) VALUES ('alice')`)
      if (await refers(setup)) {
        await expect(adapter.deleteUser("alice")).rejects.toMatchObject(mistake(/ON DELETE CASCADE/))
        expect(await adapter.findUser("alice")).not.toBeNull()
      }
      await setup.run("DROP TABLE post")
      await adapter.findSession("s")
      await setup.run("DROP TABLE session")
      await expect(adapter.findSession("s")).rejects.toMatchObject(mistake(/session/))
    },
  },
]

const idType: Record<DialectName, string> = { sqlite: "TEXT", postgres: "TEXT", mysql: "VARCHAR(255)" }

function user({ dialect }: AttributeSetup): string {
  return dialect === "mysql" ? "`user`" : '"user"'
}

/** SQLite enforces references only if the connection enables them. */
async function refers({ dialect, run }: AttributeSetup): Promise<boolean> {
  return dialect !== "sqlite" || Number((await run("PRAGMA foreign_keys"))[0]?.foreign_keys) === 1
}

async function addColumns(setup: AttributeSetup, columns: Record<string, [type: string, ...unknown[]]>): Promise<void> {
  for (const table of [user(setup), "session"])
    for (const [name, [type]] of Object.entries(columns))
      await setup.run(`ALTER TABLE ${table} ADD COLUMN ${name} ${type}`)
}

async function dropColumns(setup: AttributeSetup, columns: object): Promise<void> {
  for (const table of [user(setup), "session"])
    for (const name of Object.keys(columns)) await setup.run(`ALTER TABLE ${table} DROP COLUMN ${name}`)
}

/** What is written, or what comes back. */
function valuesOf(all: Record<string, Stored>, place: 1 | 2): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(all).map(([name, given]) => [name, place < given.length ? given[place] : given[1]]),
  )
}

/** Bytes as lists of numbers, because drivers have classes of their own for them. */
function plain(row: object | null | undefined): object {
  return Object.fromEntries(
    Object.entries(row ?? {}).map(([name, value]: [string, unknown]) => [
      name,
      name === "raw" ? Array.from(value instanceof ArrayBuffer ? new Uint8Array(value) : (value as Uint8Array)) : value,
    ]),
  )
}
