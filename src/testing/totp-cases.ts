import type { TotpRecord } from "../totp/totp-port.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { hasUserPort, totpMethods } from "./adapter-case.ts"
import { expectAuthError, expectEqual, format, settle, valueOf, winnerOf } from "./expectation.ts"
import { asId, nearMisses, wrongTypes } from "./hostile-input.ts"
import { totpOf, usualStep } from "./totp-fixture.ts"
import type { TotpTrial } from "./trial.ts"
import { totpCase, totpRounds } from "./trial.ts"

/** A user has one authenticator, whose time steps are used up in order. */
export const totpCases: AdapterCase[] = [
  totpCase("insertTotp() stores an authenticator as given, one for each user", async (trial) => {
    const { userId, otherId } = trial
    const [own, theirs] = [await trial.addTotp(userId, 1), await trial.addTotp(otherId, 2, { usedStep: 0 })]
    await trial.expectTotp(userId, own)
    await trial.expectTotp(otherId, theirs)
  }),
  totpCase("insertTotp() stores one secret for several users", async (trial) => {
    const totp = await trial.addTotp(trial.userId, 1)
    await trial.addTotp(trial.otherId, 1)
    for (const id of [trial.userId, trial.otherId]) await trial.expectTotp(id, totp)
  }),
  totpCase("insertTotp() and takeStep() keep a secret byte for byte, up to 1,000 bytes", async (trial) => {
    const { adapter, userId, otherId } = trial
    await trial.addTotp(otherId, 2)
    for (const [n, secret] of texts.entries()) {
      const totp = totpOf(1, { secret })
      expectEqual("insertTotp()", await trial.replace(userId, totp), true)
      await trial.expectTotp(userId, totp)
      expectEqual("takeStep()", await adapter.takeStep(otherId, usualStep + 1 + n, secret), true)
      await trial.expectTotp(otherId, { secret, usedStep: usualStep + 1 + n })
    }
  }),
  totpCase("insertTotp() and takeStep() count steps from 0 to 2^40", async ({ adapter, userId, ...trial }) => {
    for (const usedStep of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40]) {
      await trial.replace(userId, totpOf(1, { usedStep }))
      await trial.expectTotp(userId, totpOf(1, { usedStep }))
      expectEqual(`takeStep(${usedStep})`, await adapter.takeStep(userId, usedStep), false)
      expectEqual(`takeStep(${usedStep + 1})`, await adapter.takeStep(userId, usedStep + 1), true)
      await trial.expectTotp(userId, totpOf(1, { usedStep: usedStep + 1 }))
    }
  }),
  totpCase("insertTotp() without `replace` stores nothing if the user has an authenticator", async (trial) => {
    const totp = await trial.addTotp(trial.userId, 1)
    for (const late of [totpOf(2, { usedStep: usualStep + 1 }), totp]) {
      expectEqual("insertTotp()", await trial.insert(trial.userId, late), false)
      await trial.expectTotp(trial.userId, totp)
    }
    await trial.expectNoTotp(trial.otherId)
  }),
  totpCase("insertTotp() with `replace` replaces the user's authenticator, whatever it is", async (trial) => {
    const { userId, otherId } = trial
    const theirs = await trial.addTotp(otherId, 9)
    const later = totpOf(2, { usedStep: usualStep + 5 })
    for (const totp of [totpOf(1), later, totpOf(1, { usedStep: 3 }), totpOf(1, { usedStep: 3 })]) {
      expectEqual("insertTotp()", await trial.replace(userId, totp), true)
      await trial.expectTotp(userId, totp)
      await trial.expectTotp(otherId, theirs)
    }
    expectEqual("deleteTotp()", await trial.adapter.deleteTotp(userId), true)
    await trial.expectNoTotp(userId)
  }),
  ownedCase("insertTotp() with `ifSecret` replaces only while that secret is stored, by any step", async (trial) => {
    const { adapter, userId, totp } = trial
    const swap = ({ secret, usedStep }: TotpRecord, ifSecret: string) =>
      adapter.insertTotp(userId, secret, usedStep, true, ifSecret)
    for (const other of [totpOf(2).secret, "", ...nearMisses(totp.secret)]) {
      const outcome = await settle(() => swap(totpOf(3), other))
      expectEqual(`insertTotp() in the place of ${format(other)}`, valueOf(outcome, false), false)
      await trial.expectTotp(userId, totp)
    }
    const earlier = totpOf(3, { usedStep: usualStep - 7 })
    expectEqual("insertTotp()", await swap(earlier, totp.secret), true)
    await trial.expectTotp(userId, earlier)
    await adapter.deleteTotp(userId)
    expectEqual("insertTotp() in the place of one that is gone", await swap(totp, earlier.secret), false)
    await trial.expectNoTotp(userId)
  }),
  totpCase("insertTotp() rejects with user_missing for an unknown user, and stores nothing", async (trial) => {
    if (!trial.knowsUsers) return
    const missing = trial.idOf(3)
    for (const insert of [trial.insert, trial.replace])
      await expectAuthError("insertTotp()", "user_missing", () => insert(missing, totpOf(1)))
    await trial.expectNoTotp(missing)
    await trial.addUser(3)
    await trial.expectNoTotp(missing)
  }),
  totpCase("a user without an authenticator, or who does not exist, has none", async (trial) => {
    const totp = await trial.addTotp(trial.otherId, 2)
    for (const id of [trial.userId, trial.idOf(3)]) {
      await trial.expectNoTotp(id)
      expectEqual("takeStep()", await trial.adapter.takeStep(id, usualStep + 1, "resealed"), false)
      expectEqual("deleteTotp()", await trial.adapter.deleteTotp(id), false)
      await trial.expectNoTotp(id)
    }
    await trial.expectTotp(trial.otherId, totp)
  }),
  totpCase("findTotp() returns a copy", async ({ adapter, userId, ...trial }) => {
    const totp = await trial.addTotp(userId, 1)
    const copy = await adapter.findTotp(userId)
    if (copy) Object.assign(copy, { secret: "changed", usedStep: 0 })
    await trial.expectTotp(userId, totp)
  }),

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
  totpCase("insertTotp() stores the authenticator of one of many racing callers", async (trial) => {
    const totps = Array.from({ length: 10 }, (_, n) => totpOf(n, { usedStep: usualStep + n }))
    const inserted = await Promise.all(totps.map((totp) => trial.insert(trial.userId, totp)))
    await trial.expectTotp(trial.userId, winnerOf("insertTotp() calls that stored it", totps, inserted))
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

  ownedCase("the users of authenticators are compared byte for byte", async ({ adapter, userId, ...trial }) => {
    for (const miss of typeof userId === "string" ? nearMisses(userId) : []) {
      const found = await settle(() => adapter.findTotp(miss))
      expectEqual(`findTotp(${format(miss)})`, valueOf(found, null), null)
      const taken = await settle(() => adapter.takeStep(miss, usualStep + 1, "resealed"))
      expectEqual(`takeStep(${format(miss)})`, valueOf(taken, false), false)
      const deleted = await settle(() => adapter.deleteTotp(miss))
      expectEqual(`deleteTotp(${format(miss)})`, valueOf(deleted, false), false)
      if (trial.knowsUsers) await settle(() => trial.replace(miss, totpOf(5)))
      await trial.expectTotp(userId, trial.totp)
    }
  }),
  ownedCase("a value of another type matches no user with an authenticator", async (trial) => {
    const { adapter, userId } = trial
    for (const wrong of wrongTypes(userId)) {
      const found = await settle(() => adapter.findTotp(asId(wrong)))
      expectEqual(`findTotp(${format(wrong)})`, valueOf(found, null), null)
      await settle(() => adapter.takeStep(asId(wrong), usualStep + 1, "resealed"))
      await settle(() => adapter.deleteTotp(asId(wrong)))
      await settle(() => trial.replace(asId(wrong), totpOf(5)))
      await trial.expectTotp(userId, trial.totp)
    }
  }),
  ownedCase("a secret with a NUL is stored unchanged, or refused", async ({ adapter, otherId, userId, ...trial }) => {
    const { totp } = trial
    for (const secret of ["\0", "a\0b", `${totp.secret}\0`]) {
      const { status } = await settle(() => trial.replace(userId, { ...totp, secret }))
      await trial.expectTotp(userId, status === "fulfilled" ? { ...totp, secret } : totp)
      await trial.replace(userId, totp)
      const taken = await settle(() => adapter.takeStep(userId, usualStep + 1, secret))
      const resealed = { secret, usedStep: usualStep + 1 }
      await trial.expectTotp(userId, taken.status === "fulfilled" ? resealed : totp)
      await trial.replace(userId, totp)
    }
    await trial.expectTotp(otherId, trial.theirs)
  }),
  totpCase("TOTP methods work when the adapter is spread or taken apart", async ({ userId, ...trial }) => {
    const spread = { ...trial.adapter }
    const inherited = totpMethods.filter((method) => typeof spread[method] !== "function")
    expectEqual("methods that a spread loses", inherited, [])
    // oxlint-disable-next-line typescript/unbound-method -- this is the case: no method may need `this`
    const { insertTotp, findTotp, takeStep, deleteTotp } = trial.adapter
    expectEqual("insertTotp()", await insertTotp(userId, "sealed", 1, false), true)
    expectEqual("insertTotp()", await insertTotp(userId, "sealed again", 2, true), true)
    expectEqual("findTotp()", (await findTotp(userId))?.secret, "sealed again")
    expectEqual("takeStep()", await takeStep(userId, 3, undefined, "sealed again"), true)
    expectEqual("deleteTotp()", await deleteTotp(userId), true)
  }),
]

const texts = [
  " padded ",
  "'; DROP TABLE user_totp; --",
  "line\nbreaks\r\nand\ttabs \\n",
  "🔒 é e\u0301 ß ﬁ \u202E\uFEFF",
  "007",
  "null",
  "x".repeat(1000),
  "🔒".repeat(250),
]

/** Creates a case about a user's authenticator. The other user's must not have changed at the end. */
function ownedCase(name: string, check: (trial: Owned) => Promise<void>): AdapterCase {
  return totpCase(name, async (trial) => {
    const [totp, theirs] = [await trial.addTotp(trial.userId, 1), await trial.addTotp(trial.otherId, 2)]
    await check({ ...trial, totp, theirs })
    await trial.expectTotp(trial.otherId, theirs)
  })
}

type Owned = TotpTrial & Record<"totp" | "theirs", ReturnType<typeof totpOf>>
