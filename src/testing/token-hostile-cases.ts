import type { AdapterCase } from "./adapter-case.ts"
import { expectEqual, format, settle, valueOf } from "./expectation.ts"
import { asId, expectMiss, nearMisses, wrongTypes } from "./hostile-input.ts"
import { liveUntil } from "./session-fixture.ts"
import { tokenIdOf, tokenOf, usualPurpose } from "./token-fixture.ts"
import type { TokenTrial } from "./trial.ts"
import { tokenCase } from "./trial.ts"

/** Ids, purposes and users are compared byte for byte, and by type. */
export const tokenHostileCases: AdapterCase[] = [
  wholeCase("findToken(), takeToken() and tryToken() compare ids byte for byte", async ({ adapter }, check) => {
    for (const miss of nearMisses(tokenIdOf(1))) {
      await expectMiss(`findToken(${format(miss)})`, miss, null, () => adapter.findToken(miss))
      await expectMiss(`tryToken(${format(miss)})`, miss, null, () => adapter.tryToken(miss, 10))
      await expectMiss(`takeToken(${format(miss)})`, miss, null, () => adapter.takeToken(miss))
      await check()
    }
  }),
  wholeCase("purposes are compared byte for byte", async ({ adapter, userId }, check) => {
    for (const miss of nearMisses(usualPurpose)) {
      await expectMiss(`countTokens(id, ${format(miss)})`, miss, 0, () => adapter.countTokens(userId, miss))
      await settle(() => adapter.deleteTokens(userId, [miss]))
      await settle(() => adapter.insertTokens([], { userId, purpose: miss, keep: 0 }))
      await check()
    }
  }),
  tokenCase(
    "deleteTokens() compares the purposes that it keeps byte for byte",
    async ({ adapter, userId, ...trial }) => {
      for (const miss of nearMisses(usualPurpose)) {
        const token = await trial.addToken(userId, 1)
        const { status } = await settle(() => adapter.deleteTokens(userId, { except: [miss] }))
        if (status === "rejected") await adapter.deleteTokens(userId, { except: [] })
        await trial.expectNoToken(token)
      }
    },
  ),
  wholeCase("the users of tokens are compared byte for byte", async ({ adapter, userId }, check) => {
    for (const miss of typeof userId === "string" ? nearMisses(userId) : []) {
      const counted = await settle(() => adapter.countTokens(miss, usualPurpose))
      expectEqual(`countTokens(${format(miss)})`, valueOf(counted, 0), 0)
      await settle(() => adapter.deleteTokens(miss, [usualPurpose]))
      await settle(() => adapter.deleteTokens(miss, { except: [] }))
      await settle(() => adapter.insertTokens([], { userId: miss, purpose: usualPurpose, keep: 0 }))
      await check()
    }
  }),
  wholeCase("a value of another type matches no token", async ({ adapter }, check) => {
    for (const wrong of wrongTypes(tokenIdOf(1))) {
      const found = await settle(() => adapter.findToken(asId(wrong)))
      expectEqual(`findToken(${format(wrong)})`, valueOf(found, null), null)
      await settle(() => adapter.tryToken(asId(wrong), 10))
      await settle(() => adapter.takeToken(asId(wrong)))
      await check()
    }
  }),
  wholeCase("a value of another type matches no user with tokens, and no missing user", async (trial, check) => {
    const { adapter, userId } = trial
    for (const wrong of wrongTypes(userId)) {
      const counted = await settle(() => adapter.countTokens(asId(wrong), usualPurpose))
      expectEqual(`countTokens(${format(wrong)})`, valueOf(counted, 0), 0)
      await settle(() => adapter.deleteTokens(asId(wrong), [usualPurpose]))
      await settle(() => adapter.deleteTokens(asId(wrong), { except: [] }))
      await settle(() => adapter.insertTokens([], { userId: asId(wrong), purpose: usualPurpose, keep: 0 }))
      await check()
    }
  }),
  wholeCase("text with a NUL is stored unchanged, or refused", async ({ adapter, userId, ...trial }, check) => {
    for (const data of ["\0", "a\0b", "a\0"]) {
      const token = tokenOf(userId, 3, { data, purpose: ":recovery" })
      const { status } = await settle(() => adapter.insertTokens([token]))
      if (status === "fulfilled") await trial.expectTokens(token)
      else await trial.expectNoToken(token)
      await adapter.takeToken(token.id)
      await check()
    }
  }),
  wholeCase("tryToken() compares the limit as a number", async ({ adapter, ...trial }) => {
    const token = await trial.addToken(null, 3, { attempts: 9, expiresAt: liveUntil(1) })
    expectEqual("tryToken() with limit 10", (await adapter.tryToken(token.id, 10))?.attempts, 10)
    expectEqual("tryToken() with limit 9", await adapter.tryToken(token.id, 9), null)
    expectEqual("tryToken() with limit 100", (await adapter.tryToken(token.id, 100))?.attempts, 11)
  }),
]

/** Creates a case about a token of a user and one without a user. Neither may have changed at each check and at the end. */
function wholeCase(name: string, check: (trial: TokenTrial, checkWhole: () => Promise<void>) => Promise<void>) {
  return tokenCase(name, async (trial) => {
    const tokens = [await trial.addToken(trial.userId, 1), await trial.addToken(null, 2)]
    const checkWhole = async (): Promise<void> => {
      await trial.expectTokens(...tokens)
      await trial.expectCount(trial.userId, 1)
    }
    await check(trial, checkWhole)
    await checkWhole()
  })
}
