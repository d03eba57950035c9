import { describe, expect, test } from "vitest"

import { libraryPurposes, libraryTokens } from "../../src/proof/library-tokens.ts"
import { race, setUp, wrongCode } from "../tokens/tokens-fixture.ts"

const minute = 60_000
const hour = 60 * minute

// Mistakes of other libraries with links and codes. Each number is an advisory.

describe("CVE-2026-114607: a secret of another flow was accepted as a magic link", () => {
  test("what the library made for a flow of its own is no token of the application", async () => {
    const { tokens } = await setUp()
    for (const flow of libraryPurposes) {
      const made = { userId: "user-1", data: "{}", expiresIn: "10m" } as const
      const [state] = await tokens[libraryTokens].create(flow, made)
      expect(await tokens.peekToken(state, "reset_password")).toBeNull()
      expect(await tokens.consumeToken(state, "reset_password")).toBeNull()
    }
  })

  test("the handle of a code, which its client has, is no token", async () => {
    const { tokens } = await setUp()
    const { handle } = await tokens.createCode({ purpose: "reset_password", userId: "user-1" })
    expect(await tokens.consumeToken(handle, "reset_password")).toBeNull()
  })
})

describe("CVE-2026-134315: a link that changes an address was not bound to the user", () => {
  test("the user is the one for whom the token was made, and the data is theirs", async () => {
    const { tokens } = await setUp()
    const data = { from: "ada@example.com", to: "ada@example.org" }
    const other = { from: "grace@example.com", to: "ada@example.org" }
    const token = await tokens.createToken({ purpose: "change_email", userId: "user-1", data })
    const foreign = await tokens.createToken({ purpose: "change_email", userId: "user-2", data: other })
    expect(await tokens.consumeToken(token, "change_email")).toEqual({ userId: "user-1", data, proof: null })
    expect(await tokens.consumeToken(foreign, "change_email")).toEqual({ userId: "user-2", data: other, proof: null })
  })

  test("data that was moved from one user's row to another's opens for neither", async () => {
    const rows = new Map<string, string>()
    const { tokens } = await setUp({
      adapter: (store) => ({
        insertTokens: (made, replacing) => {
          for (const { userId, data } of made) rows.set(`${userId}`, data)
          return store.insertTokens(made, replacing)
        },
        takeToken: async (id) => {
          const row = await store.takeToken(id)
          return row && { ...row, data: rows.get("user-1")! }
        },
      }),
    })
    const make = (userId: string, to: string) =>
      tokens.createToken({ purpose: "change_email", userId, data: { from: "", to } })
    await make("user-1", "mallory@example.com")
    expect(await tokens.consumeToken(await make("user-2", "grace@example.com"), "change_email")).toBeNull()
  })
})

test("GHSA-7w99-5wm4-3g79: a code was redeemed twice by two requests at the same time", async () => {
  const { tokens } = await setUp()
  const made = await tokens.createCode({ purpose: "reset_password", userId: "user-1", attempts: 10 })
  const used = await race(10, () => tokens.consumeCode({ ...made, purpose: "reset_password" }))
  expect(used).toHaveLength(1)
})

test("CVE-2026-39923: expiry was checked when the form was drawn, and not when it was sent", async () => {
  const { tokens, now } = await setUp()
  const token = await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
  now.advance(hour - 1)
  expect(await tokens.peekToken(token, "reset_password")).not.toBeNull()
  now.advance(1)
  expect(await tokens.consumeToken(token, "reset_password")).toBeNull()
})

describe("CVE-2022-39263: only the identifier was checked, and not the secret", () => {
  test("a handle with a wrong code is null, and the code is still good", async () => {
    const { tokens } = await setUp()
    const { code, handle } = await tokens.createCode({ purpose: "reset_password", userId: "user-1" })
    expect(await tokens.consumeCode({ handle, code: wrongCode(code), purpose: "reset_password" })).toBeNull()
    expect(await tokens.consumeCode({ handle, code, purpose: "reset_password" })).not.toBeNull()
  })

  test("the id under which a token is stored is no token", async () => {
    const ids: string[] = []
    const { tokens } = await setUp({
      adapter: (store) => ({
        insertTokens: (made, replacing) => {
          ids.push(...made.map(({ id }) => id))
          return store.insertTokens(made, replacing)
        },
      }),
    })
    await tokens.createToken({ purpose: "reset_password", userId: "user-1" })
    expect(ids).toHaveLength(1)
    expect(await tokens.consumeToken(ids[0], "reset_password")).toBeNull()
    expect(await tokens.consumeToken(ids[0]?.slice(0, 32), "reset_password")).toBeNull()
  })
})

describe("CVE-2026-134314 and CVE-2026-110861: a race beat the limit of attempts", () => {
  test("of 50 guesses at the same time five are compared, and then the right code is null", async () => {
    const { tokens, events } = await setUp()
    const { code, handle } = await tokens.createCode({ purpose: "reset_password", userId: "user-1" })
    const guess = (typed: string) => tokens.consumeCode({ handle, code: typed, purpose: "reset_password" })
    expect(await race(50, () => guess(wrongCode(code)))).toEqual([])
    expect(events.filter(({ reason }) => reason === "wrong_code")).toHaveLength(5)
    expect(await guess(code)).toBeNull()
  })
})
