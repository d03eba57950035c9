import type { AdapterCase } from "./adapter-case.ts"
import { hasUserPort } from "./adapter-case.ts"
import { expectEqual, format, settle, valueOf, winnerOf } from "./expectation.ts"
import { nearMisses } from "./hostile-input.ts"
import { ownedCase } from "./owned-totp-case.ts"
import { totpOf, usualStep } from "./totp-fixture.ts"
import { totpRounds } from "./trial.ts"

/** The cases of the TOTP port about using steps up, and deleting authenticators. */
export const totpUseCases: AdapterCase[] = [
  ownedCase("takeStep() uses up a step once, and no earlier one", async (trial) => {
    const { adapter, userId, totp } = trial
    const refused = [usualStep, usualStep - 1, 0]
    for (const step of refused) expectEqual(`takeStep(${step})`, await adapter.takeStep(userId, step), false)
    await trial.expectTotp(userId, totp)
    expectEqual("takeStep()", await adapter.takeStep(userId, usualStep + 2), true)
    for (const step of [usualStep + 2, usualStep + 1, usualStep])
      expectEqual(`takeStep(${step}) later`, await adapter.takeStep(userId, step), false)
    await trial.expectTotp(userId, { ...totp, usedStep: usualStep + 2 })
    expectEqual("takeStep()", await adapter.takeStep(userId, usualStep + 3), true)
    await trial.expectTotp(userId, { ...totp, usedStep: usualStep + 3 })
  }),
  ownedCase("takeStep() replaces the secret with `resealed`, only if it uses up the step", async (trial) => {
    const { adapter, userId, totp } = trial
    expectEqual("takeStep()", await adapter.takeStep(userId, usualStep, "resealed"), false)
    await trial.expectTotp(userId, totp)
    expectEqual("takeStep()", await adapter.takeStep(userId, usualStep + 1, "resealed"), true)
    await trial.expectTotp(userId, { secret: "resealed", usedStep: usualStep + 1 })
    expectEqual("takeStep()", await adapter.takeStep(userId, usualStep + 2), true)
    await trial.expectTotp(userId, { secret: "resealed", usedStep: usualStep + 2 })
  }),
  ownedCase("takeStep() with `ifSecret` uses up a step only while that secret is stored", async (trial) => {
    const { adapter, userId, totp } = trial
    const take = (step: number, ifSecret: string, resealed?: string) =>
      adapter.takeStep(userId, step, resealed, ifSecret)
    for (const resealed of [undefined, "resealed"]) {
      for (const other of [totpOf(2).secret, totpOf(9).secret, ""])
        expectEqual("takeStep() of another secret", await take(usualStep + 1, other, resealed), false)
      await trial.expectTotp(userId, totp)
    }
    expectEqual("takeStep() of a used step", await take(usualStep, totp.secret), false)
    expectEqual("takeStep()", await take(usualStep + 1, totp.secret), true)
    expectEqual("takeStep()", await take(usualStep + 2, totp.secret, "resealed"), true)
    expectEqual("takeStep() of the old secret", await take(usualStep + 3, totp.secret, "again"), false)
    await trial.expectTotp(userId, { secret: "resealed", usedStep: usualStep + 2 })
  }),
  ownedCase("takeStep() compares `ifSecret` byte for byte", async ({ adapter, userId, totp, ...trial }) => {
    for (const miss of nearMisses(totp.secret)) {
      const outcome = await settle(() => adapter.takeStep(userId, usualStep + 1, "resealed", miss))
      expectEqual(`takeStep() of ${format(miss)}`, valueOf(outcome, false), false)
      await trial.expectTotp(userId, totp)
    }
  }),
  ownedCase("takeStep() lets one of many racing callers use up a step", async ({ adapter, userId, ...trial }) => {
    const secrets = Array.from({ length: 10 }, (_, n) => `resealed ${n}`)
    const takes = secrets.map((secret) => adapter.takeStep(userId, usualStep + 1, secret))
    const secret = winnerOf("takeStep() calls that used it up", secrets, await Promise.all(takes))
    await trial.expectTotp(userId, { secret, usedStep: usualStep + 1 })
  }),
  totpRounds(
    "takeStep() while the authenticator is replaced does not bring the old one back",
    async (trial, n, both) => {
      const { adapter, userId } = trial
      const [old, next] = [await trial.addTotp(userId, n), totpOf(100 + n, { usedStep: usualStep - 9 })]
      const take = () => adapter.takeStep(userId, usualStep + 1, "resealed", old.secret)
      await both(take, () => trial.replace(userId, next))
      await trial.expectTotp(userId, next)
    },
  ),
  totpRounds("takeStep() during deleteTotp() does not bring the authenticator back", async (trial, n, both) => {
    const { adapter, userId } = trial
    await trial.addTotp(userId, n)
    const take = () => adapter.takeStep(userId, usualStep + 1, n % 3 ? "resealed" : undefined)
    const [, deleted] = await both(take, () => adapter.deleteTotp(userId))
    expectEqual("deleteTotp()", deleted, true)
    await trial.expectNoTotp(userId)
  }),

  ownedCase("deleteTotp() deletes the user's authenticator, once, and a new one can follow", async (trial) => {
    const { adapter, userId } = trial
    for (const isThere of [true, false]) expectEqual("deleteTotp()", await adapter.deleteTotp(userId), isThere)
    await trial.expectNoTotp(userId)
    expectEqual("takeStep()", await adapter.takeStep(userId, usualStep + 1, "resealed"), false)
    await trial.expectNoTotp(userId)
    await trial.expectTotp(userId, await trial.addTotp(userId, 3, { usedStep: 0 }))
  }),
  ownedCase("deleteTotp() with `ifSecret` deletes only while that secret is stored", async (trial) => {
    const { adapter, userId, totp } = trial
    for (const other of [totpOf(2).secret, totpOf(9).secret, "", ...nearMisses(totp.secret)]) {
      const outcome = await settle(() => adapter.deleteTotp(userId, other))
      expectEqual(`deleteTotp() of ${format(other)}`, valueOf(outcome, false), false)
      await trial.expectTotp(userId, totp)
    }
    for (const isThere of [true, false])
      expectEqual("deleteTotp()", await adapter.deleteTotp(userId, totp.secret), isThere)
    await trial.expectNoTotp(userId)
  }),
  totpRounds("deleteTotp() with `ifSecret` keeps the authenticator that replaces it", async (trial, n, both) => {
    const { adapter, userId } = trial
    const [old, next] = [await trial.addTotp(userId, n), totpOf(100 + n)]
    await both(
      () => adapter.deleteTotp(userId, old.secret),
      () => trial.replace(userId, next),
    )
    await trial.expectTotp(userId, next)
  }),
  ownedCase("deleteUser() deletes the user's authenticator, and keeps those of others", async (trial) => {
    const { adapter, userId } = trial
    if (!hasUserPort(adapter)) return
    await adapter.deleteUser(userId)
    await trial.expectNoTotp(userId)
    expectEqual("takeStep()", await trial.adapter.takeStep(userId, usualStep + 1, "resealed"), false)
    await trial.addUser(1)
    await trial.expectNoTotp(userId)
    expectEqual("deleteTotp()", await trial.adapter.deleteTotp(userId), false)
  }),
  totpRounds("deleteUser() during insertTotp() leaves no authenticator", async ({ adapter, ...trial }, n, both) => {
    if (!hasUserPort(adapter) || !trial.knowsUsers) return
    const { userId } = trial
    const insert = () => (n % 3 ? trial.insert : trial.replace)(userId, totpOf(n)).catch(() => false)
    await both(insert, () => adapter.deleteUser(userId))
    await trial.expectNoTotp(userId)
    await trial.addUser(10 + n)
    await trial.expectNoTotp(userId)
  }),
]
