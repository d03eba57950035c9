import type { TokenRecord } from "../tokens/token-port.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { hasUserPort, tokenMethods } from "./adapter-case.ts"
import { expectAuthError, expectDate, expectEqual } from "./expectation.ts"
import { expiredAt, liveUntil, shift } from "./session-fixture.ts"
import { fieldsOf, tokenIdOf, tokenOf, usualPurpose } from "./token-fixture.ts"
import type { TokenTrial } from "./trial.ts"
import { tokenCase } from "./trial.ts"

/** Tokens are found, taken and tried as they were stored. */
export const tokenRowCases: AdapterCase[] = [
  tokenCase("insertTokens() stores tokens as given, all at once", async ({ userId, otherId, ...trial }) => {
    const ten = Array.from({ length: 10 }, (_, n) => tokenOf(userId, n, { purpose: ":recovery" }))
    const others = [tokenOf(otherId, 10, { attempts: 7 }), tokenOf(null, 11, { expiresAt: expiredAt(0) })]
    for (const tokens of [ten, ...others.map((token) => [token]), []]) await trial.insert(tokens)
    await trial.expectTokens(...ten, ...others)
    expectDate("token.expiresAt", (await trial.adapter.findToken(tokenIdOf(1)))?.expiresAt)
  }),
  tokenCase("insertTokens() keeps the milliseconds of a deadline, however late it is", async ({ userId, ...trial }) => {
    const deadlines = [...[1, 12, 999].map((ms) => shift(liveUntil(0), ms)), new Date(0), new Date(8.64e15)]
    const tokens = deadlines.map((expiresAt, n) => tokenOf(userId, n, { expiresAt }))
    await trial.insert(tokens)
    await trial.expectTokens(...tokens)
  }),
  tokenCase("insertTokens() stores a token that never expires, or refuses it as unsupported", async (trial) => {
    const token = await trial.addEndless(trial.userId, 1)
    if (token) await trial.expectTokens(token)
  }),
  tokenCase("insertTokens() keeps text byte for byte", async ({ userId, ...trial }) => {
    const tokens = texts.map((data, n) => tokenOf(userId, n, { data }))
    for (const token of tokens) await trial.insert([token])
    await trial.expectTokens(...tokens)
  }),
  tokenCase("insertTokens() with a taken id stores and deletes nothing", async (trial) => {
    const { userId, adapter } = trial
    const token = await trial.addToken(userId, 1)
    const theirs = await trial.addToken(trial.otherId, 4)
    for (const taken of [tokenOf(userId, 1, { purpose: "change_email", data: "late" }), token, tokenOf(userId, 4)]) {
      for (const replacing of [
        undefined,
        { userId, purpose: usualPurpose, keep: 3 },
        { userId, purpose: usualPurpose, keep: 0 },
      ]) {
        const added = [tokenOf(userId, 2), taken, tokenOf(userId, 3)]
        expectEqual("insertTokens()", await adapter.insertTokens(added, replacing), false)
        await trial.expectTokens(token, theirs)
        await trial.expectNoToken(...added.filter(({ id }) => id !== taken.id))
      }
    }
    await trial.expectCount(userId, 1)
  }),
  tokenCase("insertTokens() rejects with user_missing for an unknown user, and stores nothing", async (trial) => {
    if (!trial.knowsUsers) return
    const tokens = [tokenOf(trial.idOf(3), 1), tokenOf(trial.idOf(3), 2)]
    await expectAuthError("insertTokens()", "user_missing", () => trial.adapter.insertTokens(tokens))
    await trial.expectNoToken(...tokens)
  }),
  tokenCase("insertTokens() stores tokens with and without users at once, or none", async (trial) => {
    const { adapter, userId, otherId } = trial
    const replacing = { userId, purpose: usualPurpose, keep: 1 }
    const older = await trial.addToken(userId, 1)
    const added = [tokenOf(userId, 2), tokenOf(otherId, 3, { attempts: 7 }), tokenOf(null, 4, { purpose: "sign_up" })]
    const taken = [...added, tokenOf(otherId, 1)]
    expectEqual("insertTokens()", await adapter.insertTokens(taken, replacing), false)
    const [missing, late] = [tokenOf(trial.idOf(3), 5), tokenOf(trial.idOf(3), 6)]
    if (trial.knowsUsers) {
      for (const tokens of [
        [...added, late],
        [missing, ...added],
      ])
        await expectAuthError("insertTokens()", "user_missing", () => adapter.insertTokens(tokens, replacing))
    }
    await trial.expectTokens(older)
    await trial.expectNoToken(...added, missing, late)
    await trial.insert(added, replacing)
    await trial.expectTokens(...added)
    await trial.expectNoToken(older)
    for (const id of [userId, otherId]) await trial.expectCount(id, 1)
  }),
  tokenCase("tokens are copied when they are stored and when they are found", async (trial) => {
    const given = await trial.addToken(trial.userId, 1)
    given.expiresAt?.setTime(0)
    given.data = "changed"
    for (const copy of [await trial.adapter.findToken(given.id), await trial.adapter.tryToken(given.id, 1)]) {
      copy?.expiresAt?.setTime(0)
      if (copy) copy.data = "changed"
    }
    await trial.expectTokens(tokenOf(trial.userId, 1, { attempts: 1 }))
  }),
  tokenCase("an unknown token is not found, not taken and not tried", async (trial) => {
    const token = await trial.addToken(trial.userId, 1)
    await expectUnknown(trial, tokenIdOf(2))
    await trial.expectTokens(token)
    await trial.expectNoToken({ id: tokenIdOf(2) })
  }),
  tokenCase("takeToken() deletes a token and resolves to it, once", async ({ adapter, userId, ...trial }) => {
    const expired = { expiresAt: expiredAt(0), attempts: 3 }
    const tokens = [await trial.addToken(userId, 1, expired), await trial.addToken(null, 2)]
    const others = [await trial.addToken(userId, 3), await trial.addToken(null, 4)]
    for (const token of tokens) {
      const taken = await adapter.takeToken(token.id)
      expectEqual("takeToken()", taken && fieldsOf(taken), token)
      expectEqual("takeToken() again", await adapter.takeToken(token.id), null)
      expectEqual("tryToken() later", await adapter.tryToken(token.id, 10), null)
    }
    await trial.expectNoToken(...tokens)
    await trial.expectTokens(...others)
    await trial.expectCount(userId, 1)
  }),
  tokenCase("takeToken() resolves to the token for one of many racing callers", async ({ adapter, ...trial }) => {
    const token = await trial.addToken(trial.userId, 1)
    const taken = await Promise.all(Array.from({ length: 10 }, () => adapter.takeToken(token.id)))
    expectEqual("takeToken() calls that got it", taken.filter(Boolean).length, 1)
    await trial.expectNoToken(token)
  }),
  tokenCase("tryToken() counts attempts up to the limit, and the token stays", async (trial) => {
    const { adapter } = trial
    const expired = { attempts: 7, expiresAt: expiredAt(0) }
    const tokens = [await trial.addToken(trial.userId, 1), await trial.addToken(null, 2, expired)]
    const others = [await trial.addToken(trial.userId, 3), await trial.addToken(null, 4)]
    for (const token of tokens) {
      for (let attempts = token.attempts + 1; attempts <= token.attempts + 3; attempts++) {
        await expectTried(trial, token, token.attempts + 3, attempts)
      }
      const used = { ...token, attempts: token.attempts + 3 }
      for (const limit of [used.attempts, used.attempts - 1, 0]) {
        expectEqual(`tryToken() with limit ${limit}`, await adapter.tryToken(token.id, limit), null)
      }
      await trial.expectTokens(used, ...others)
      await expectTried(trial, token, used.attempts + 1, used.attempts + 1)
    }
  }),
  tokenCase("tryToken() counts as many of many racing attempts as the limit allows", async (trial) => {
    const token = await trial.addToken(trial.userId, 1, { attempts: 2 })
    const tried = await Promise.all(Array.from({ length: 10 }, () => trial.adapter.tryToken(token.id, 6)))
    const attempts = tried.flatMap((each) => each?.attempts ?? []).toSorted((a, b) => a - b)
    expectEqual("attempts of tryToken() calls that got it", attempts, [3, 4, 5, 6])
    await trial.expectTokens({ ...token, attempts: 6 })
  }),
  tokenCase("deleteUser() deletes the user's tokens, and keeps those of others", async (trial) => {
    const { adapter, userId, otherId } = trial
    if (!hasUserPort(adapter)) return
    const purposes = [usualPurpose, ":recovery"]
    const tokens = await Promise.all(purposes.map((of, n) => trial.addToken(userId, n, { purpose: of })))
    const others = [await trial.addToken(otherId, 3), await trial.addToken(null, 4)]
    await adapter.deleteUser(userId)
    for (const { id } of tokens) await expectUnknown(trial, id)
    for (const each of purposes) await trial.expectCount(userId, 0, each)
    await trial.expectTokens(...others)
    await trial.addUser(1)
    await trial.expectNoToken(...tokens)
  }),
  tokenCase("token methods work when the adapter is spread or taken apart", async (trial) => {
    const spread = { ...trial.adapter }
    const inherited = tokenMethods.filter((method) => typeof spread[method] !== "function")
    expectEqual("methods that a spread loses", inherited, [])
    /* oxlint-disable typescript/unbound-method -- this is the case: no method may need `this` */
    const { insertTokens, findToken, takeToken, tryToken } = trial.adapter
    const { countTokens, deleteTokens, deleteExpiredTokens } = trial.adapter
    /* oxlint-enable typescript/unbound-method */
    const replacing = { userId: trial.userId, purpose: usualPurpose, keep: 2 }
    expectEqual(
      "insertTokens()",
      await insertTokens(
        [1, 2].map((n) => tokenOf(trial.userId, n)),
        replacing,
      ),
      true,
    )
    expectEqual("findToken()", (await findToken(tokenIdOf(1)))?.id, tokenIdOf(1))
    expectEqual("tryToken()", (await tryToken(tokenIdOf(1), 1))?.id, tokenIdOf(1))
    expectEqual("takeToken()", (await takeToken(tokenIdOf(1)))?.id, tokenIdOf(1))
    expectEqual("deleteExpiredTokens()", await deleteExpiredTokens(expiredAt(0), 10), 0)
    expectEqual("countTokens()", await countTokens(trial.userId, usualPurpose), 1)
    await deleteTokens(trial.userId, [usualPurpose])
    expectEqual("countTokens()", await countTokens(trial.userId, usualPurpose), 0)
  }),
]

const texts = [
  "",
  " padded ",
  '{"from":"ada@example.com","quotes":"\'\\"`"}',
  "'; DROP TABLE auth_token; --",
  "line\nbreaks\r\nand\ttabs \\n",
  "🔒 é e\u0301 ß ﬁ \u202E\uFEFF",
  "007",
  "1e3",
  "null",
  "true",
  "x".repeat(1400),
  "é🔒".repeat(500),
  "x".repeat(65_535),
]

async function expectUnknown({ adapter }: TokenTrial, id: string): Promise<void> {
  expectEqual("findToken()", await adapter.findToken(id), null)
  expectEqual("tryToken()", await adapter.tryToken(id, 10), null)
  expectEqual("takeToken()", await adapter.takeToken(id), null)
}

async function expectTried(
  { adapter }: Pick<TokenTrial, "adapter">,
  token: TokenRecord,
  limit: number,
  attempts: number,
): Promise<void> {
  const tried = await adapter.tryToken(token.id, limit)
  expectEqual(`tryToken() with limit ${limit}`, tried && fieldsOf(tried), { ...token, attempts })
}
