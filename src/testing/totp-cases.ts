import type { TotpRecord } from "../totp/totp-port.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { totpMethods } from "./adapter-case.ts"
import { expectAuthError, expectEqual, format, settle, valueOf, winnerOf } from "./expectation.ts"
import { asId, nearMisses, wrongTypes } from "./hostile-input.ts"
import { ownedCase } from "./owned-totp-case.ts"
import { totpOf, usualStep } from "./totp-fixture.ts"
import { totpUseCases } from "./totp-use-cases.ts"
import { totpCase } from "./trial.ts"

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

  totpCase("insertTotp() stores the authenticator of one of many racing callers", async (trial) => {
    const totps = Array.from({ length: 10 }, (_, n) => totpOf(n, { usedStep: usualStep + n }))
    const inserted = await Promise.all(totps.map((totp) => trial.insert(trial.userId, totp)))
    await trial.expectTotp(trial.userId, winnerOf("insertTotp() calls that stored it", totps, inserted))
  }),
  ...totpUseCases,
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
