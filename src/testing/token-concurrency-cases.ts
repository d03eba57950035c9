import type { TokenAdapter, TokenRecord } from "../tokens/token-port.ts"
import { hasUserPort } from "./adapter-case.ts"
import type { ConcurrencyCase, TokenRound } from "./concurrency-case.ts"
import { tokenRace } from "./concurrency-case.ts"
import { expectEqual, unlessUserIsMissing, winnerOf } from "./expectation.ts"
import { liveUntil } from "./session-fixture.ts"
import { fieldsOf, tokenOf, usualPurpose } from "./token-fixture.ts"

/** Race conditions of tokens. */
export const tokenConcurrencyCases: ConcurrencyCase[] = [
  tokenRace("50 callers take one token: exactly one gets it", async (round) => {
    const token = await round.addToken(round.userId, round.next())
    const results = await round.atOnce(Array.from({ length: 50 }, () => take(token)))
    const taken = results.filter((result) => result !== null).map(fieldsOf)
    expectEqual("takeToken() calls that got it", taken, [token])
    await round.expectNoToken(token)
  }),
  tokenRace("30 callers try one token: as many get it as the limit says", async (round) => {
    const token = await round.addToken(round.userId, round.next(), { attempts: 2 })
    const results = await round.atOnce(Array.from({ length: 30 }, () => (adapter) => adapter.tryToken(token.id, 7)))
    const attempts = results.flatMap((result) => result?.attempts ?? []).toSorted((a, b) => a - b)
    expectEqual("attempts of tryToken() calls that got it", attempts, [3, 4, 5, 6, 7])
    await round.expectTokens({ ...token, attempts: 7 })
  }),
  tokenRace("a token is taken while it is tried: it does not come back", async (round) => {
    const tokens = await addTokens(round, 8)
    const results = await round.atOnce(tokens.flatMap((token) => [tryOnce(token), take(token), tryOnce(token)]))
    const taken = results.filter((result, n) => n % 3 === 1 && result !== null)
    expectEqual("tokens taken", taken.length, tokens.length)
    await round.expectNoToken(...tokens)
  }),
  tokenRace("20 callers store a token under one id: exactly one does", async (round) => {
    const n = round.next()
    const tokens = Array.from({ length: 20 }, (_, m) => tokenOf(round.userId, n, { data: `caller-${m}` }))
    const results = await round.atOnce(tokens.map((token) => (adapter) => adapter.insertTokens([token])))
    await round.expectTokens(winnerOf("insertTokens() calls that stored it", tokens, results))
    await round.expectCount(round.userId, 1)
  }),
  tokenRace("deleteTokens() while tokens are taken: each is taken once at most, and none is left", async (round) => {
    const tokens = await addTokens(round, 8)
    const end = async (adapter: TokenAdapter) => {
      await adapter.deleteTokens(round.userId, [usualPurpose])
      return null
    }
    const calls = tokens.flatMap((token) => [take(token), take(token)])
    const results = await round.atOnce<TokenRecord | null>([...calls.slice(0, 8), end, ...calls.slice(8)])
    const taken = results.flatMap((result) => result?.id ?? [])
    expectEqual("tokens that were taken twice", taken.length - new Set(taken).size, 0)
    await round.expectNoToken(...tokens)
    await round.expectCount(round.userId, 0)
  }),
  tokenRace("deleteTokens() while tokens are stored: a new one is dead, or is counted", async (round) => {
    const { userId } = round
    const old = await addTokens(round, 4)
    const added = Array.from({ length: 10 }, () => tokenOf(userId, round.next()))
    const end = (adapter: TokenAdapter) => adapter.deleteTokens(userId, { except: [] })
    const calls = added.map((token) => (adapter: TokenAdapter) => adapter.insertTokens([token]))
    await round.atOnce<unknown>([...calls.slice(0, 5), end, ...calls.slice(5)])
    await round.expectNoToken(...old)
    await round.expectCount(userId, (await leftOf(round, added)).length)
    await end(round.adapter)
    await round.expectNoToken(...added)
  }),
  tokenRace(
    "10 tokens replace older ones at once: what is left is counted, and replaced the next time",
    async (round) => {
      const { userId } = round
      const replacing = { userId, purpose: usualPurpose, keep: 3 }
      const old = await addTokens(round, 3)
      const added = Array.from({ length: 10 }, () => tokenOf(userId, round.next(), { expiresAt: liveUntil(1) }))
      const calls = added.map((token) => (adapter: TokenAdapter) => adapter.insertTokens([token], replacing))
      expectEqual("insertTokens() calls that stored", (await round.atOnce(calls)).filter(Boolean).length, 10)
      const left = await leftOf(round, [...old, ...added])
      await round.expectCount(userId, left.length)
      expectEqual("whether as many are left as each keeps", left.length >= replacing.keep, true)
      expectEqual(
        "whether a new one is left",
        left.some(({ id }) => added.some((token) => token.id === id)),
        true,
      )
      const last = tokenOf(userId, round.next())
      await round.insert([last], replacing)
      await round.expectTokens(last)
      await round.expectCount(userId, 3)
    },
  ),
  tokenRace("a user is deleted while tokens are stored: none is left", async (round) => {
    const { adapter } = round
    if (!round.knowsUsers || !hasUserPort(adapter)) return
    const n = round.next()
    const userId = await round.addUser(n)
    const tokens = Array.from({ length: 10 }, () => tokenOf(userId, round.next()))
    const calls = tokens.map((token) => unlessUserIsMissing((each: TokenAdapter) => each.insertTokens([token])))
    const remove = () => adapter.deleteUser(userId)
    await round.atOnce<unknown>([...calls.slice(0, 5), remove, ...calls.slice(5)])
    await round.expectNoToken(...tokens)
    await round.expectCount(userId, 0)
    // A row left without its user would belong to the next user with that id.
    await round.addUser(n)
    await round.expectNoToken(...tokens)
    await round.expectCount(userId, 0)
  }),
]

const take = (token: TokenRecord) => (adapter: TokenAdapter) => adapter.takeToken(token.id)
const tryOnce = (token: TokenRecord) => (adapter: TokenAdapter) => adapter.tryToken(token.id, 10)

async function addTokens(round: TokenRound, count: number): Promise<TokenRecord[]> {
  const tokens = Array.from({ length: count }, () => tokenOf(round.userId, round.next()))
  await round.insert(tokens)
  return tokens
}

async function leftOf(round: TokenRound, tokens: TokenRecord[]): Promise<TokenRecord[]> {
  const found = await Promise.all(tokens.map(({ id }) => round.adapter.findToken(id)))
  return found.filter((token) => token !== null)
}
