import { createHash } from "node:crypto"
import { inspect } from "node:util"

import { describe, expect, test } from "vitest"

import { isAuthError } from "../../src/index.ts"
import { libraryTokens } from "../../src/proof/library-tokens.ts"
import { spendProof } from "../../src/proof/proof.ts"
import { resetsPort } from "../../src/proof/resets.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import { memoryAdapter } from "../../adapters/memory.ts"
import { oddValues, strangerToken } from "../core/auth-fixture.ts"
import { purposes, race, setUp } from "./tokens-fixture.ts"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const addresses = { from: "ada@example.com", to: "ada@example.org" }

describe("createToken()", () => {
  test("[OTT-1] returns 160 bits of base32 and stores them by a hash with the purpose", async () => {
    const { tokens, memory, now } = await setUp()
    const token = await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
    const id = createHash("sha256").update(`reset_password\0${token}`).digest("hex")
    expect(token).toMatch(/^[a-z2-7]{32}$/)
    expect(await memory.findToken(id)).toEqual({
      id,
      purpose: "reset_password",
      userId: "user-1",
      expiresAt: new Date(now() + hour),
      attempts: 0,
      data: "",
    })
  })

  test("makes another token at every call", async () => {
    const { tokens } = await setUp()
    const make = () => tokens.createToken({ purpose: "sign_up", data: { address: "ada@example.com" } })
    expect(new Set(await race(100, make)).size).toBe(100)
  })

  test("[OTT-5] ends older tokens of the same user and purpose, except the newest two, and no others", async () => {
    const { tokens, now } = await setUp()
    const make = async (userId: string, name: "reset_password" | "confirm" = "reset_password") => {
      now.advance(1)
      return tokens.createToken({ purpose: name, userId })
    }
    const foreign = await make("user-2")
    const other = await make("user-1", "confirm")
    const made = [await make("user-1"), await make("user-1"), await make("user-1"), await make("user-1")]
    const live = await Promise.all(made.map((token) => tokens.peekToken(token, "reset_password")))
    expect(live.map((found) => found !== null)).toEqual([false, true, true, true])
    expect(await tokens.peekToken(foreign, "reset_password")).not.toBeNull()
    expect(await tokens.peekToken(other, "confirm")).not.toBeNull()
  })

  test("ends nothing where there is no user", async () => {
    const { tokens } = await setUp()
    const make = () => tokens.createToken({ purpose: "sign_up", data: { address: "ada@example.com" } })
    const made = await race(5, make)
    expect(await Promise.all(made.map((token) => tokens.peekToken(token, "sign_up")))).not.toContain(null)
  })

  test("tells the store whose older tokens end, and nothing where there is no user", async () => {
    const replaced: unknown[] = []
    const { tokens } = await setUp({
      adapter: (store) => ({
        insertTokens: (made, replacing) => (replaced.push(replacing), store.insertTokens(made, replacing)),
      }),
    })
    await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    await tokens.createToken({ purpose: "sign_up", data: { address: "ada@example.com" } })
    await tokens.createCode({ purpose: "confirm", userId: "user-1" })
    expect(replaced).toEqual([{ userId: "user-1", purpose: "confirm", keep: 3 }, undefined, undefined])
  })

  test("throws user_missing for a user who does not exist", async () => {
    const { tokens, events } = await setUp()
    const made = tokens.createToken({ purpose: "confirm", userId: "nobody" })
    await expect(made).rejects.toMatchObject({ code: "user_missing" })
    expect(events).toEqual([])
  })

  test.each([
    ["no user where the purpose has one", { purpose: "confirm" }],
    ["null as a user where the purpose has one", { purpose: "confirm", userId: null }],
    ["a user where the purpose has none", { purpose: "sign_up", userId: "user-1", data: addresses }],
    ["an unknown purpose", { purpose: "reset_pasword", userId: "user-1" }],
    ["a purpose that every object has", { purpose: "constructor", userId: "user-1" }],
    ["a purpose of the library", { purpose: ":recovery", userId: "user-1" }],
    ["an unknown property", { purpose: "confirm", userId: "user-1", date: {} }],
  ])("throws invalid_option for %s", async (_, request) => {
    const { tokens, calls } = await setUp()
    await expect(tokens.createToken(request as never)).rejects.toMatchObject({ code: "invalid_option" })
    expect(calls).toEqual([])
  })

  test("names the purposes there are if one is unknown", async () => {
    const { tokens } = await setUp()
    const message =
      'purpose: "reset" is not one of your purposes; use sign_up, reset_password, change_email, confirm, note'
    await expect(tokens.consumeToken(strangerToken, "reset" as "confirm")).rejects.toThrow(message)
  })

  test("prints no token in the place of a purpose", async () => {
    const { tokens } = await setUp()
    const swapped = tokens.consumeToken("confirm", strangerToken as "confirm")
    await expect(swapped).rejects.toThrow('purpose: "a token" is not one of your purposes')
  })

  test.each(["constructor", "__proto__", "", ":recovery", "confirm:code", null, undefined, 1, {}])(
    "throws invalid_option wherever the purpose is %j",
    async (name) => {
      const { tokens, calls } = await setUp()
      for (const call of [
        tokens.peekToken(strangerToken, name as "confirm"),
        tokens.consumeToken(strangerToken, name as "confirm"),
        tokens.consumeCode({ handle: strangerToken, code: "12345678", purpose: name as "confirm" }),
      ])
        await expect(call).rejects.toMatchObject({ code: "invalid_option" })
      expect(calls).toEqual([])
    },
  )
})

describe("the data of a token", () => {
  const kept: unknown[] = [
    null,
    0,
    -1.5,
    "",
    "text",
    "\uD800 \0 \u2028 'é' 🔑",
    true,
    false,
    [],
    {},
    [1, [2, { a: null }]],
    { __proto__: null, a: "b" },
    nested(100),
    JSON.parse('{"__proto__": {"admin": true}}'),
    "x".repeat(8190),
  ]

  test.each(kept)("comes back as it was: %j", async (data) => {
    const { tokens } = await setUp()
    const token = await tokens.createToken({ purpose: "note", userId: "user-1", data })
    const { code, handle } = await tokens.createCode({ purpose: "note", userId: "user-1", data })
    expect((await tokens.peekToken(token, "note"))?.data).toEqual(data)
    expect((await tokens.consumeToken(token, "note"))?.data).toEqual(data)
    expect((await tokens.consumeCode({ handle, code, purpose: "note" }))?.data).toEqual(data)
  })

  test("leaves out properties that are undefined", async () => {
    const { tokens } = await setUp()
    const token = await tokens.createToken({ purpose: "note", userId: "user-1", data: { a: undefined, b: 1 } })
    expect((await tokens.consumeToken(token, "note"))?.data).toEqual({ b: 1 })
  })

  const circle: unknown[] = []
  circle.push(circle)
  const refused: [string, unknown][] = [
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["an object of a class", new URL("https://example.com")],
    ["a bigint", 1n],
    ["a number that is not finite", { a: Number.NaN }],
    ["undefined in a list", [undefined]],
    ["a function", () => 1],
    ["a function in an object", { a: () => 1 }],
    ["toJSON()", { toJSON: () => 1 }],
    ["a symbol", Symbol("a")],
    ["a circle", circle],
    ["more than 100 lists in each other", nested(101)],
    ["bytes", new Uint8Array(3)],
    ["more than 8,192 bytes", "x".repeat(8191)],
    ["more than 8,192 bytes in fewer characters", "é".repeat(4096)],
  ]

  test.each(refused)("is refused as invalid_option if it is or holds %s", async (_, data) => {
    const { tokens, calls } = await setUp()
    const request = { purpose: "note", userId: "user-1", data } as const
    await expect(tokens.createToken(request)).rejects.toMatchObject({ code: "invalid_option" })
    await expect(tokens.createCode(request)).rejects.toMatchObject({ code: "invalid_option" })
    expect(calls).toEqual([])
  })

  test.each(["{", "AAAA", "null", "\0", "é".repeat(5), "A".repeat(64)])(
    "makes the token null if the store changed it to %j",
    async (data) => {
      const { tokens } = await setUp({
        adapter: (store) => ({
          findToken: async (id) => changed(await store.findToken(id)),
          takeToken: async (id) => changed(await store.takeToken(id)),
          tryToken: async (id, limit) => changed(await store.tryToken(id, limit)),
        }),
      })
      function changed<Row extends object | null>(row: Row): Row {
        return row && { ...row, data }
      }
      const token = await tokens.createToken({ purpose: "change_email", userId: "user-1", data: addresses })
      const code = await tokens.createCode({ purpose: "change_email", userId: "user-1", data: addresses })
      expect(await tokens.peekToken(token, "change_email")).toBeNull()
      expect(await tokens.consumeToken(token, "change_email")).toBeNull()
      expect(await tokens.consumeCode({ ...code, purpose: "change_email" })).toBeNull()
    },
  )
})

describe("consumeToken()", () => {
  test("returns user, data and a proof once, and then null", async () => {
    const { tokens } = await setUp()
    const token = await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
    const used = await tokens.consumeToken(token, "reset_password")
    expect(used).toEqual({ userId: "user-1", data: null, proof: { userId: "user-1", method: "email" } })
    expect(spendProof(used!.proof, "user").evidence).toEqual({ userId: "user-1", method: "email" })
    expect(await tokens.consumeToken(token, "reset_password")).toBeNull()
  })

  test("[OTT-4] gives a proof only where the purpose says what it proves", async () => {
    const { tokens } = await setUp()
    const token = await tokens.createToken({ purpose: "change_email", userId: "user-1", data: addresses })
    const used = await tokens.consumeToken(token, "change_email")
    expect(used).toEqual({ userId: "user-1", data: addresses, proof: null })
  })

  test("gives proofs of the realm", async () => {
    const { adapter, now } = await setUp()
    const tokens = createTokens({ adapter, now, realm: "staff", purposes })
    const token = await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
    const used = await tokens.consumeToken(token, "reset_password")
    expect(spendProof(used!.proof, "staff").evidence.userId).toBe("user-1")
  })

  test("makes one store call, as peekToken() does", async () => {
    const { tokens, calls } = await setUp()
    const token = await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    await tokens.peekToken(token, "confirm")
    await tokens.consumeToken(token, "confirm")
    expect(calls).toEqual(["insertTokens", "findToken", "takeToken"])
  })

  test("is null for a token whose user was deleted", async () => {
    const { tokens, memory } = await setUp()
    const token = await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    await memory.deleteUser("user-1")
    expect(await tokens.peekToken(token, "confirm")).toBeNull()
    expect(await tokens.consumeToken(token, "confirm")).toBeNull()
  })

  test("is null if the purpose has a user by now and had none when the token was made", async () => {
    const { tokens, adapter, now } = await setUp()
    const later = createTokens({ adapter, now, purposes: { sign_up: purpose({ expiresIn: "1h", proves: "email" }) } })
    const make = () => tokens.createToken({ purpose: "sign_up", data: { address: "ada@example.com" } })
    expect(await later.peekToken(await make(), "sign_up")).toBeNull()
    expect(await later.consumeToken(await make(), "sign_up")).toBeNull()
  })
})

describe("the life of a token", () => {
  const lives = [
    ["reset_password", hour],
    ["confirm", 5 * minute],
  ] as const

  test.each(lives)("[OTT-3] of purpose %s ends %d ms after it was made, to the millisecond", async (name, life) => {
    for (const [wait, isLive] of [
      [life - 1, true],
      [life, false],
      [life + 1, false],
    ] as const) {
      const { tokens, now } = await setUp()
      const token = await tokens.createToken({ purpose: name, userId: "user-1" })
      now.advance(wait)
      expect((await tokens.peekToken(token, name)) !== null).toBe(isLive)
      expect((await tokens.consumeToken(token, name)) !== null).toBe(isLive)
    }
  })

  test("[OTT-3] is judged when the store has answered, however long that took", async () => {
    const { tokens, now } = await setUp({
      adapter: (store) => ({
        takeToken: async (id) => {
          now.advance(5 * minute)
          return store.takeToken(id)
        },
      }),
    })
    const token = await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    expect(await tokens.consumeToken(token, "confirm")).toBeNull()
  })
})

describe("the kinds of tokens", () => {
  test("[OTT-4] a token or handle of one purpose is null at every other, and is still live afterwards", async () => {
    const { tokens } = await setUp()
    const names = Object.keys(purposes) as (keyof typeof purposes)[]
    for (const made of names) {
      const request = { purpose: made, data: {}, ...(made !== "sign_up" && { userId: "user-1" }) } as never
      const token: string = await tokens.createToken(request)
      const { code, handle } = await tokens.createCode(request)
      for (const asked of names) {
        if (asked !== made) {
          expect(await tokens.peekToken(token, asked)).toBeNull()
          expect(await tokens.consumeToken(token, asked)).toBeNull()
          expect(await tokens.consumeCode({ handle, code, purpose: asked })).toBeNull()
        }
        // A handle is no token, although it looks like one: it would need no code.
        expect(await tokens.peekToken(handle, asked)).toBeNull()
        expect(await tokens.consumeToken(handle, asked)).toBeNull()
        expect(await tokens.consumeCode({ handle: token, code, purpose: asked })).toBeNull()
      }
      expect(await tokens.consumeToken(token, made)).not.toBeNull()
      expect(await tokens.consumeCode({ handle, code, purpose: made })).not.toBeNull()
    }
  })

  test("[OTT-5] a mail scanner that opens a link a hundred times uses nothing up", async () => {
    const { tokens } = await setUp()
    const token = await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
    expect(await race(100, () => tokens.peekToken(token, "reset_password"))).toHaveLength(100)
    expect(await tokens.consumeToken(token, "reset_password")).toMatchObject({ userId: "user-1" })
  })
})

describe("[INP-1] whatever a visitor sends,", () => {
  test("[INP-4] a malformed token, handle or code is null, without a store call", async () => {
    const { tokens, calls } = await setUp()
    for (const value of oddValues) {
      expect(await tokens.peekToken(value, "confirm")).toBeNull()
      expect(await tokens.consumeToken(value, "confirm")).toBeNull()
      expect(await tokens.consumeCode({ handle: value, code: "12345678", purpose: "confirm" })).toBeNull()
      expect(await tokens.consumeCode({ handle: strangerToken, code: value, purpose: "confirm" })).toBeNull()
    }
    expect(calls).toEqual([])
  })

  test("a token that nobody was given is null", async () => {
    const { tokens } = await setUp()
    expect(await tokens.peekToken(strangerToken, "confirm")).toBeNull()
    expect(await tokens.consumeToken(strangerToken, "confirm")).toBeNull()
    expect(await tokens.consumeCode({ handle: strangerToken, code: "12345678", purpose: "confirm" })).toBeNull()
  })
})

describe("invalidateTokens()", () => {
  async function setUpUser() {
    const parts = await setUp()
    const { tokens } = parts
    const reset = await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
    const confirm = await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    const code = await tokens.createCode({ purpose: "reset_password", userId: "user-1" })
    const foreign = await tokens.createToken({ purpose: "reset_password", userId: "user-2" })
    const library = tokens[libraryTokens]
    const [recovery = ""] = await library.create(":recovery", { userId: "user-1", data: "", expiresIn: null })
    const live = async () => ({
      reset: (await tokens.peekToken(reset, "reset_password")) !== null,
      confirm: (await tokens.peekToken(confirm, "confirm")) !== null,
      foreign: (await tokens.peekToken(foreign, "reset_password")) !== null,
      recovery: (await library.peek(":recovery", recovery)) !== null,
      code: (await tokens.consumeCode({ ...code, purpose: "reset_password" })) !== null,
    })
    return { ...parts, live }
  }

  test("ends a user's tokens and codes of one purpose", async () => {
    const { tokens, live } = await setUpUser()
    await tokens.invalidateTokens("user-1", "reset_password")
    expect(await live()).toEqual({ reset: false, confirm: true, foreign: true, recovery: true, code: false })
  })

  test("ends a user's tokens and codes of all purposes, and leaves the library's", async () => {
    const { tokens, live } = await setUpUser()
    await tokens.invalidateTokens("user-1")
    expect(await live()).toEqual({ reset: false, confirm: false, foreign: true, recovery: true, code: false })
  })

  test("ends tokens of purposes that the application no longer has", async () => {
    const { adapter, live } = await setUpUser()
    await createTokens({ adapter, purposes: {} }).invalidateTokens("user-1")
    expect(await live()).toEqual({ reset: false, confirm: false, foreign: true, recovery: true, code: false })
  })

  test("throws invalid_option for an unknown purpose, and ends nothing", async () => {
    const { tokens, live } = await setUpUser()
    for (const name of [":recovery", "reset", null])
      await expect(tokens.invalidateTokens("user-1", name as never)).rejects.toMatchObject({ code: "invalid_option" })
    expect(await live()).toEqual({ reset: true, confirm: true, foreign: true, recovery: true, code: true })
  })

  test("resetUser() ends all of a user's tokens and codes, the library's too", async () => {
    const { tokens, live } = await setUpUser()
    await tokens.resetUser("user-1", { except: "0".repeat(64) })
    expect(await live()).toEqual({ reset: false, confirm: false, foreign: true, recovery: false, code: false })
    expect(tokens[resetsPort]).toBe("deleteTokens")
  })
})

describe("cleanUp()", () => {
  test("deletes what expired 24 hours ago, and resolves to how many", async () => {
    const { tokens, memory, now } = await setUp()
    await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    await tokens[libraryTokens].create(":recovery", { userId: "user-1", data: "", expiresIn: null })
    now.advance(5 * minute + day - 1)
    expect(await tokens.cleanUp()).toBe(0)
    now.advance(1)
    expect(await tokens.cleanUp()).toBe(1)
    expect(await memory.countTokens("user-1", "confirm")).toBe(0)
    expect(await memory.countTokens("user-1", ":recovery")).toBe(1)
  })

  test("works in batches of 1,000 and stops at the limit", async () => {
    const limits: number[] = []
    const { tokens, now } = await setUp({
      adapter: (store) => ({
        deleteExpiredTokens: (before, limit) => (limits.push(limit), store.deleteExpiredTokens(before, limit)),
      }),
    })
    const library = tokens[libraryTokens]
    await library.create(":oauth", { userId: null, data: "", expiresIn: "10m", count: 2600 })
    now.advance(2 * day)
    expect(await tokens.cleanUp({ limit: 1 })).toBe(1)
    expect(await tokens.cleanUp({ limit: 1001 })).toBe(1001)
    expect(await tokens.cleanUp()).toBe(1598)
    expect(limits).toEqual([1, 1000, 1, 1000, 1000])
  })

  test.each([0, -1, Number.NaN, "many"])("throws invalid_option for the limit %s", async (limit) => {
    const { tokens } = await setUp()
    await expect(tokens.cleanUp({ limit: limit as number })).rejects.toMatchObject({ code: "invalid_option" })
  })
})

describe("withAdapter()", () => {
  test("is the same instance over another store", async () => {
    const [one, other] = [await setUp(), await setUp()]
    const tokens = one.tokens.withAdapter(other.adapter)
    const token = await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    expect(await one.tokens.peekToken(token, "confirm")).toBeNull()
    expect(await other.tokens.peekToken(token, "confirm")).not.toBeNull()
    expect(one.events).toHaveLength(1)
  })
})

describe("events", () => {
  test("say what became of tokens and codes, for which purpose and user", async () => {
    const { tokens, events, now } = await setUp()
    const token = await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    await tokens.peekToken(token, "confirm")
    await tokens.consumeToken(token, "confirm")
    await tokens.consumeToken(token, "confirm")
    await tokens.consumeToken("x", "confirm")
    const late = await tokens.createToken({ purpose: "confirm", userId: "user-1" })
    now.advance(hour)
    await tokens.consumeToken(late, "confirm")
    const at = new Date(now() - hour)
    expect(events).toEqual([
      { type: "token_created", at, userId: "user-1", purpose: "confirm" },
      { type: "token_used", at, userId: "user-1", purpose: "confirm" },
      { type: "token_refused", at, purpose: "confirm", reason: "unknown" },
      { type: "token_refused", at, purpose: "confirm", reason: "malformed" },
      { type: "token_created", at, userId: "user-1", purpose: "confirm" },
      { type: "token_refused", at: new Date(now()), userId: "user-1", purpose: "confirm", reason: "expired" },
    ])
  })

  test("say the same of codes", async () => {
    const { tokens, events, now } = await setUp()
    const { code, handle } = await tokens.createCode({ purpose: "confirm", userId: "user-1" })
    await tokens.consumeCode({ handle, code: "x", purpose: "confirm" })
    await tokens.consumeCode({ handle: strangerToken, code, purpose: "confirm" })
    await tokens.consumeCode({ handle, code, purpose: "confirm" })
    const at = new Date(now())
    expect(events).toEqual([
      { type: "token_created", at, userId: "user-1", purpose: "confirm" },
      { type: "token_refused", at, purpose: "confirm", reason: "malformed" },
      { type: "token_refused", at, purpose: "confirm", reason: "unknown" },
      { type: "token_used", at, userId: "user-1", purpose: "confirm" },
    ])
  })

  test("[LOG-1] neither events nor errors show a token, a code, a handle or data", async () => {
    const failing = { findToken: () => Promise.reject(new Error("down")) }
    const { tokens, adapter, events } = await setUp()
    const token = await tokens.createToken({ purpose: "change_email", userId: "user-1", data: addresses })
    const { code, handle } = await tokens.createCode({ purpose: "change_email", userId: "user-1", data: addresses })
    await tokens.consumeCode({ handle, code, purpose: "change_email" })
    await tokens.consumeCode({ handle, code, purpose: "change_email" })
    const outage = tokens.withAdapter({ ...adapter, ...failing }).peekToken(token, "change_email")
    const error: unknown = await outage.catch((thrown: unknown) => thrown)
    expect(isAuthError(error) && error.code).toBe("store_failed")
    const shown = inspect([events, error], { depth: 9, showHidden: true })
    for (const secret of [token, code, handle, addresses.from, addresses.to]) expect(shown).not.toContain(secret)
  })
})

describe("createTokens()", () => {
  test.each(["", "Reset", "reset-password", "1st", "_x", ":recovery", "a".repeat(41), "é", "a:code"])(
    "throws invalid_option for a purpose named %j",
    async (name) => {
      const { adapter } = await setUp()
      const wrong = { [name]: purpose({ expiresIn: "1h" }) }
      expect(() => createTokens({ adapter, purposes: wrong })).toThrow(
        expect.objectContaining({ code: "invalid_option" }),
      )
    },
  )

  test("takes a purpose whose name has 40 characters", async () => {
    const { adapter } = await setUp()
    const name = "a".repeat(40)
    const tokens = createTokens({ adapter, purposes: { [name]: purpose({ expiresIn: "1h" }) } })
    const { code, handle } = await tokens.createCode({ purpose: name, userId: "user-1" })
    expect(await tokens.consumeCode({ code, handle, purpose: name })).not.toBeNull()
  })

  test.each([
    ["an unknown option", { purpose: {} }],
    ["options in place of a purpose", { purposes: { confirm: { expiresIn: "1h" } } }],
    ["null in place of a purpose", { purposes: { confirm: null } }],
    ["a purpose that lives for no time", { purposes: { confirm: { lifetime: 0, user: true } } }],
  ])("throws invalid_option for %s", async (_, wrong) => {
    const { adapter } = await setUp()
    const options = { adapter, purposes, ...wrong } as never
    expect(() => createTokens(options)).toThrow(expect.objectContaining({ code: "invalid_option" }))
  })

  test("throws missing_port for an adapter without a method", async () => {
    const { adapter } = await setUp()
    const { tryToken: _, ...lacking } = adapter
    const options = { adapter: lacking, purposes } as never
    expect(() => createTokens(options)).toThrow(expect.objectContaining({ code: "missing_port" }))
  })

  test("returns methods that may be destructured", async () => {
    const { tokens } = await setUp()
    const { createToken, consumeToken } = tokens
    const token = await createToken({ purpose: "confirm", userId: "user-1" })
    expect(await consumeToken(token, "confirm")).not.toBeNull()
  })
})

describe("purpose()", () => {
  test.each([
    ["a duration that is none", { expiresIn: "1 hour" }],
    ["no duration", {}],
    ["a proof without a user", { expiresIn: "1h", proves: "email", user: false }],
    ["a proof by what cannot prove", { expiresIn: "1h", proves: "password" }],
    ["an unknown option", { expiresIn: "1h", prove: "email" }],
  ])("throws invalid_option for %s", (_, options) => {
    expect(() => purpose(options as never)).toThrow(expect.objectContaining({ code: "invalid_option" }))
  })
})

/** Lists in each other, so many of them. */
function nested(depth: number): unknown[] {
  return depth > 1 ? [nested(depth - 1)] : []
}

test("tokens, codes and those of the library are unknown in another realm, though both share a store", async () => {
  const adapter = memoryAdapter<{ id: string }>()
  await adapter.insertUser({ id: "7", attributes: {} }, null)
  const purposes = { sign_in: purpose({ expiresIn: "10m", proves: "email" }) }
  const realms = [undefined, "staff", "partner"].map((realm) => createTokens({ adapter, purposes, realm }))
  for (const made of realms) {
    const token = await made.createToken({ purpose: "sign_in", userId: "7" })
    const code = await made.createCode({ purpose: "sign_in", userId: "7" })
    const data = JSON.stringify({ method: "email" })
    const [pending] = await made[libraryTokens].create(":second_factor", { userId: "7", data, expiresIn: "10m" })
    for (const asked of [...realms.filter((other) => other !== made), made]) {
      const isOwn = asked === made
      expect((await asked.peekToken(token, "sign_in")) !== null).toBe(isOwn)
      expect((await asked.consumeToken(token, "sign_in")) !== null).toBe(isOwn)
      expect((await asked.consumeCode({ ...code, purpose: "sign_in" })) !== null).toBe(isOwn)
      expect((await asked[libraryTokens].take(":second_factor", pending)) !== null).toBe(isOwn)
    }
  }
})
