import { Redis } from "ioredis"
import { expectTypeOf, test } from "vitest"

import type { Proof, TokenAdapter, TokensAdapter } from "../../src/tokens.ts"
import { createTokens, purpose } from "../../src/tokens.ts"
import type { UserId } from "../../src/index.ts"
import { ioredisAdapter } from "../../adapters/ioredis.ts"
import { memoryAdapter } from "../../adapters/memory.ts"

type Addresses = { from: string; to: string }

// The names are what is promised to a user; the compiler checks the bodies, which are not run.
function createTestTokens() {
  return createTokens({
    adapter: memoryAdapter<{ id: number; username: string }>(),
    purposes: {
      sign_up: purpose<{ address: string }>({ expiresIn: "10m", user: false }),
      reset_password: purpose({ expiresIn: "1h", proves: "email" }),
      change_email: purpose<Addresses>({ expiresIn: "24h" }),
      join: purpose<string | null>({ expiresIn: "7d", proves: "email", user: true }),
    },
  })
}

const tokens = createTestTokens()

test("a used token has the user's id, the data and the proof of its purpose", () => {
  void (async () => {
    expectTypeOf(await tokens.consumeToken("", "sign_up")).toEqualTypeOf<{
      userId: null
      data: { address: string }
      proof: null
    } | null>()
    expectTypeOf(await tokens.consumeToken("", "reset_password")).toEqualTypeOf<{
      userId: number
      data: null
      proof: Proof<number>
    } | null>()
    expectTypeOf(await tokens.consumeCode({ handle: "", code: "", purpose: "change_email" })).toEqualTypeOf<{
      userId: number
      data: Addresses
      proof: null
    } | null>()
    expectTypeOf(await tokens.consumeToken("", "join")).toEqualTypeOf<{
      userId: number
      data: string | null
      proof: Proof<number>
    } | null>()
  })
})

test("a token that is looked at has no proof", () => {
  void (async () => {
    const found = await tokens.peekToken("", "change_email")
    expectTypeOf(found).toEqualTypeOf<{ userId: number; data: Addresses } | null>()
  })
})

test("a token, handle or code may be anything that a visitor sends", () => {
  void (async (sent: unknown) => {
    await tokens.peekToken(sent, "join")
    await tokens.consumeToken(sent, "join")
    await tokens.consumeCode({ handle: sent, code: sent, purpose: "join" })
  })
})

test("data is required where the purpose has a type for it, and forbidden elsewhere", () => {
  void (async () => {
    await tokens.createToken({ purpose: "change_email", userId: 1, data: { from: "a", to: "b" } })
    await tokens.createToken({ purpose: "reset_password", userId: 1 })
    await tokens.createToken({ purpose: "join", userId: 1, data: null })
    await tokens.createCode({ purpose: "sign_up", data: { address: "a" }, digits: 6, attempts: 3 })
    // @ts-expect-error `data` is missing
    await tokens.createToken({ purpose: "change_email", userId: 1 })
    // @ts-expect-error `to` is missing
    await tokens.createToken({ purpose: "change_email", userId: 1, data: { from: "a" } })
    // @ts-expect-error `data` is missing
    await tokens.createToken({ purpose: "join", userId: 1 })
    // @ts-expect-error this purpose has no data
    await tokens.createToken({ purpose: "reset_password", userId: 1, data: { from: "a", to: "b" } })
    // @ts-expect-error `data` is missing
    await tokens.createCode({ purpose: "sign_up" })
    // @ts-expect-error there is no such option
    await tokens.createCode({ purpose: "reset_password", userId: 1, length: 6 })
  })
})

test("userId is required, of the type that the adapter's users have, unless the purpose has no user", () => {
  void (async () => {
    await tokens.createToken({ purpose: "sign_up", userId: null, data: { address: "a" } })
    // @ts-expect-error this purpose has no user
    await tokens.createToken({ purpose: "sign_up", userId: 1, data: { address: "a" } })
    // @ts-expect-error `userId` is missing
    await tokens.createToken({ purpose: "reset_password" })
    // @ts-expect-error ids are numbers
    await tokens.createToken({ purpose: "reset_password", userId: "1" })
    // @ts-expect-error this purpose needs a user
    await tokens.createCode({ purpose: "reset_password", userId: null })
    await tokens.invalidateTokens(1, "join")
    // @ts-expect-error ids are numbers
    await tokens.invalidateTokens("1")
    // @ts-expect-error ids are numbers
    await tokens.resetUser("1")
  })
})

test("a purpose that does not exist does not compile", () => {
  void (async () => {
    // @ts-expect-error there is no such purpose
    await tokens.createToken({ purpose: "reset", userId: 1 })
    // @ts-expect-error there is no such purpose
    await tokens.consumeToken("", "reset")
    // @ts-expect-error there is no such purpose
    await tokens.peekToken("", ":recovery")
    // @ts-expect-error there is no such purpose
    await tokens.consumeCode({ handle: "", code: "", purpose: "reset" })
    // @ts-expect-error there is no such purpose
    await tokens.invalidateTokens(1, "reset")
  })
})

test("a purpose without a user proves nothing", () => {
  // @ts-expect-error there is nobody whom it could prove to be anyone
  void (() => purpose({ expiresIn: "1h", proves: "email", user: false }))
  // @ts-expect-error a token proves nothing but a mailbox
  void (() => purpose({ expiresIn: "1h", proves: "password" }))
  // @ts-expect-error a number needs a unit
  void (() => purpose({ expiresIn: "1" }))
})

test("ids are of any type where the store knows no users", () => {
  void (async (adapter: TokenAdapter) => {
    const anywhere = createTokens({ adapter, purposes: { confirm: purpose({ expiresIn: "1h" }) } })
    expectTypeOf(await anywhere.peekToken("", "confirm")).toEqualTypeOf<{ userId: UserId; data: null } | null>()
  })
})

test("withAdapter() keeps the types", () => {
  void ((adapter: TokenAdapter) => expectTypeOf(tokens.withAdapter(adapter)).toEqualTypeOf<typeof tokens>())
})

test("a store that knows no users is told of which type user ids are, without a cast", () => {
  void (async () => {
    const adapter: TokensAdapter<{ id: number }> = ioredisAdapter(new Redis())
    const { consumeToken } = createTokens({
      adapter,
      purposes: { join: purpose({ expiresIn: "1h", proves: "email" }) },
    })
    expectTypeOf((await consumeToken("", "join"))?.proof).toEqualTypeOf<Proof<number> | undefined>()
  })
})
