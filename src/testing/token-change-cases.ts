import type { TokenRecord } from "../tokens/token-port.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { expectEqual } from "./expectation.ts"
import { expiredAt, liveUntil, shift } from "./session-fixture.ts"
import { tokenIdOf, tokenOf, usualPurpose } from "./token-fixture.ts"
import type { TokenTrial } from "./trial.ts"
import { tokenCase, tokenRounds } from "./trial.ts"

/** Tokens are replaced, counted and deleted by user and purpose, without changing others. */
export const tokenChangeCases: AdapterCase[] = [
  tokenCase("replacing tokens keeps the new one and those that expire last", async (trial) => {
    const { userId } = trial
    const [old, late, dead, early] = [liveUntil(1), liveUntil(3), expiredAt(0), shift(liveUntil(3), -1)]
    const tokens = await addAll(trial, [old, late, dead, early])
    const added = tokenOf(userId, 5, { expiresAt: liveUntil(0) })
    await trial.insert([added], { userId, purpose: usualPurpose, keep: 3 })
    await trial.expectTokens(added, tokens[1]!, tokens[3]!)
    await trial.expectNoToken(tokens[0]!, tokens[2]!)
    await trial.expectCount(userId, 3)
  }),
  tokenCase("replacing tokens treats one that never expires as the newest of the older ones", async (trial) => {
    const endless = await trial.addEndless(trial.userId, 10)
    if (!endless) return
    const [last] = await addAll(trial, [new Date(8.64e15)])
    await trial.insert([tokenOf(trial.userId, 5)], { userId: trial.userId, purpose: usualPurpose, keep: 2 })
    await trial.expectTokens(tokenOf(trial.userId, 5), endless)
    await trial.expectNoToken(last!)
  }),
  tokenCase("replacing tokens keeps either of two that expire in the same millisecond", async (trial) => {
    const { userId } = trial
    const tokens = await addAll(trial, [liveUntil(0), liveUntil(0), liveUntil(0)])
    const added = tokenOf(userId, 5)
    await trial.insert([added], { userId, purpose: usualPurpose, keep: 2 })
    await trial.expectTokens(added)
    await trial.expectCount(userId, 2)
    const found = await Promise.all(tokens.map(({ id }) => trial.adapter.findToken(id)))
    expectEqual("older tokens that are left", found.filter(Boolean).length, 1)
  }),
  tokenCase("replacing tokens leaves as many as are new if it keeps no more", async (trial) => {
    const { userId } = trial
    const tokens = await addAll(trial, [liveUntil(8), liveUntil(9)])
    const added = [tokenOf(userId, 5), tokenOf(userId, 6)]
    await trial.insert(added, { userId, purpose: usualPurpose, keep: 2 })
    await trial.expectTokens(...added)
    await trial.expectNoToken(...tokens)
  }),
  tokenCase("replacing tokens deletes nothing while there are no more than it keeps", async (trial) => {
    const { userId } = trial
    const tokens = await addAll(trial, [liveUntil(1), expiredAt(0)])
    await trial.insert([tokenOf(userId, 5)], { userId, purpose: usualPurpose, keep: 3 })
    await trial.expectTokens(...tokens, tokenOf(userId, 5))
  }),
  tokenCase("replacing tokens affects one user and one purpose", async ({ userId, otherId, ...trial }) => {
    const others = [tokenOf(userId, 1, { purpose: "change_email" }), tokenOf(otherId, 2), tokenOf(null, 3)]
    for (const token of others) await trial.insert([token])
    await trial.insert([tokenOf(userId, 4)], { userId, purpose: usualPurpose, keep: 1 })
    await trial.expectTokens(...others, tokenOf(userId, 4))
  }),

  tokenCase("countTokens() counts a user's tokens of one purpose, expired ones too", async (trial) => {
    const { userId, otherId } = trial
    await trial.expectCount(userId, 0)
    await addAll(trial, [liveUntil(0), expiredAt(0)])
    const others = [tokenOf(userId, 10, { purpose: ":recovery" }), tokenOf(otherId, 11), tokenOf(null, 12)]
    for (const token of others) await trial.insert([token])
    await trial.expectCount(userId, 2)
    await trial.expectCount(userId, 1, ":recovery")
    await trial.expectCount(otherId, 1)
    await trial.expectCount(otherId, 0, ":recovery")
  }),

  tokenCase("deleteTokens() deletes the given purposes, and may be repeated", async (trial) => {
    const { deleted, kept } = await addPurposes(trial, ["change_email", usualPurpose])
    const [{ adapter, userId }, purposes] = [trial, ["change_email", usualPurpose, "unknown"]]
    for (let time = 1; time <= 2; time++) await adapter.deleteTokens(userId, purposes)
    await trial.expectNoToken(...deleted)
    await trial.expectTokens(...kept)
  }),
  tokenCase("deleteTokens() deletes all purposes except the given ones", async (trial) => {
    const { deleted, kept } = await addPurposes(trial, ["change_email", usualPurpose])
    await trial.adapter.deleteTokens(trial.userId, { except: [":recovery", ":known_browser", "unknown"] })
    await trial.expectNoToken(...deleted)
    await trial.expectTokens(...kept)
  }),
  tokenCase("deleteTokens() of no purposes deletes nothing", async (trial) => {
    const { kept } = await addPurposes(trial, [])
    await trial.adapter.deleteTokens(trial.userId, [])
    await trial.expectTokens(...kept)
  }),
  tokenCase("deleteTokens() except no purposes deletes all of the user's tokens", async (trial) => {
    const { deleted, kept } = await addPurposes(trial, everyPurpose)
    await trial.adapter.deleteTokens(trial.userId, { except: [] })
    await trial.expectNoToken(...deleted)
    await trial.expectTokens(...kept)
  }),
  tokenRounds("deleteTokens() during insertTokens() leaves the new token counted or dead", async (trial, n, both) => {
    const { adapter, userId } = trial
    const old = await trial.addToken(userId, n)
    const added = tokenOf(userId, 100 + n)
    const end = () => adapter.deleteTokens(userId, n % 3 ? [usualPurpose] : { except: [] })
    await both(() => trial.insert([added]), end)
    await trial.expectNoToken(old)
    await trial.expectCount(userId, (await adapter.findToken(added.id)) ? 1 : 0)
    await end()
    await trial.expectNoToken(added)
  }),

  tokenCase("deleteExpiredTokens() deletes deadlines at and before the instant, none after it", async (trial) => {
    const { adapter, userId } = trial
    const instant = expiredAt(0)
    const [dead, due, behind] = await addAll(trial, [expiredAt(-60), instant, shift(instant, 1)])
    const live = [tokenOf(null, 10), tokenOf(userId, 11, { purpose: ":recovery" })]
    for (const token of live) await trial.insert([token])
    expectEqual("deleteExpiredTokens()", await adapter.deleteExpiredTokens(instant, 100), 2)
    await trial.expectNoToken(dead!, due!)
    await trial.expectTokens(behind!, ...live)
    await trial.expectCount(userId, 1)
  }),
  tokenCase("deleteExpiredTokens() deletes at most `limit`, and returns how many", async ({ adapter, ...trial }) => {
    await addAll(trial, [0, -1, -2].map(expiredAt))
    await trial.addToken(trial.otherId, 13, { expiresAt: expiredAt(-3) })
    await trial.addToken(null, 14, { expiresAt: expiredAt(-4) })
    for (const count of [2, 2, 1, 0]) {
      expectEqual("deleteExpiredTokens()", await adapter.deleteExpiredTokens(expiredAt(0), 2), count)
    }
    await trial.expectNoToken(...[1, 2, 3, 13, 14].map((n) => ({ id: tokenIdOf(n) })))
  }),
  tokenCase("deleteExpiredTokens() never deletes a token that never expires", async (trial) => {
    const token = await trial.addEndless(trial.userId, 1)
    expectEqual("deleteExpiredTokens()", await trial.adapter.deleteExpiredTokens(new Date(8.64e15), 100), 0)
    if (token) await trial.expectTokens(token)
  }),
]

const everyPurpose = [usualPurpose, "change_email", ":recovery", ":known_browser"]

/** Inserts a token for each deadline, numbered from 1. */
async function addAll(
  { userId, insert }: Pick<TokenTrial, "insert" | "userId">,
  deadlines: Date[],
): Promise<TokenRecord[]> {
  const tokens = deadlines.map((expiresAt, n) => tokenOf(userId, n + 1, { expiresAt }))
  // One by one, so that the order of insertion is known.
  for (const token of tokens) await insert([token])
  return tokens
}

/** Inserts two tokens of each purpose. Resolves to those with these purposes, and to all others. */
async function addPurposes(trial: TokenTrial, purposes: string[]) {
  const own = everyPurpose.flatMap((of, n) => [1, 2].map((m) => tokenOf(trial.userId, 10 * n + m, { purpose: of })))
  const others = [
    tokenOf(trial.otherId, 101),
    tokenOf(null, 102),
    tokenOf(trial.otherId, 103, { purpose: ":recovery" }),
  ]
  await trial.insert(own)
  for (const token of others) await trial.insert([token])
  const deleted = own.filter((token) => purposes.includes(token.purpose))
  return { deleted, kept: [...own.filter((token) => !deleted.includes(token)), ...others] }
}
