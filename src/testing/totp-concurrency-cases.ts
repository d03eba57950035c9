import type { TotpAdapter, TotpRecord } from "../totp/totp-port.ts"
import { hasUserPort } from "./adapter-case.ts"
import type { ConcurrencyCase } from "./concurrency-case.ts"
import { totpRace } from "./concurrency-case.ts"
import { expectEqual, unlessUserIsMissing, winnerOf } from "./expectation.ts"
import { totpOf, usualStep } from "./totp-fixture.ts"

/** Race conditions of authenticators. */
export const totpConcurrencyCases: ConcurrencyCase[] = [
  totpRace("50 callers use one time step up: exactly one does", async (round) => {
    const { userId } = round
    await round.addTotp(userId, 1)
    const secrets = Array.from({ length: 50 }, (_, n) => `resealed ${n}`)
    const takes = secrets.map((secret) => (adapter: TotpAdapter) => adapter.takeStep(userId, usualStep + 1, secret))
    const secret = winnerOf("takeStep() calls that used it up", secrets, await round.atOnce(takes))
    await round.expectTotp(userId, { secret, usedStep: usualStep + 1 })
  }),
  totpRace("20 callers use 20 time steps up: the last one counts, and none goes back", async (round) => {
    const { userId } = round
    const totp = await round.addTotp(userId, 1)
    // In mixed order: a later step often comes before an earlier one.
    const steps = Array.from({ length: 20 }, (_, n) => usualStep + 1 + ((n * 7) % 20))
    const results = await round.atOnce(steps.map((step) => (adapter) => adapter.takeStep(userId, step)))
    expectEqual("takeStep() of the last step", results[steps.indexOf(usualStep + 20)], true)
    await round.expectTotp(userId, { ...totp, usedStep: usualStep + 20 })
  }),
  totpRace("20 callers store a first authenticator: exactly one does", async (round) => {
    const totps = Array.from({ length: 20 }, (_, n) => totpOf(n, { usedStep: usualStep + n }))
    const results = await round.atOnce(totps.map((totp) => insert(round.userId, totp, false)))
    await round.expectTotp(round.userId, winnerOf("insertTotp() calls that stored it", totps, results))
  }),
  totpRace("10 callers replace an authenticator: one of theirs is left, whole", async (round) => {
    const { userId, adapter } = round
    await round.addTotp(userId, 100)
    const totps = Array.from({ length: 10 }, (_, n) => totpOf(n, { usedStep: n }))
    const results = await round.atOnce(totps.map((totp) => insert(userId, totp, true)))
    expectEqual("insertTotp() calls that stored", results.filter(Boolean).length, totps.length)
    const left = totps[(await adapter.findTotp(userId))?.usedStep ?? -1]
    if (!left) throw new Error("findTotp(): expected one that was stored, got another")
    await round.expectTotp(userId, left)
  }),
  totpRace("an authenticator is replaced while steps are used: the old one does not come back", async (round) => {
    const { userId } = round
    const [old, next] = [await round.addTotp(userId, 1), totpOf(2, { usedStep: 7 })]
    const take = (n: number) => (adapter: TotpAdapter) =>
      adapter.takeStep(userId, usualStep + n, `resealed ${n}`, n === 1 ? old.secret : `resealed ${n - 1}`)
    const takes = [1, 1, 2, 2, 3, 3, 4, 4].map(take)
    await round.atOnce([...takes.slice(0, 4), insert(userId, next, true), ...takes.slice(4)])
    await round.expectTotp(userId, next)
  }),
  totpRace("an authenticator is deleted while steps are used: it does not come back", async (round) => {
    const { userId } = round
    await round.addTotp(userId, 1)
    const take = (n: number) => (adapter: TotpAdapter) => adapter.takeStep(userId, usualStep + n, `resealed ${n}`)
    const remove = (adapter: TotpAdapter) => adapter.deleteTotp(userId)
    const takes = [1, 2, 3, 4, 5, 6, 7, 8].map(take)
    const results = await round.atOnce([...takes.slice(0, 4), remove, remove, ...takes.slice(4)])
    expectEqual("deleteTotp() calls that did", results.slice(4, 6).filter(Boolean).length, 1)
    await round.expectNoTotp(userId)
  }),
  totpRace("a user is deleted while authenticators are stored: none is left", async (round) => {
    const { adapter } = round
    if (!round.knowsUsers || !hasUserPort(adapter)) return
    const n = round.next()
    const userId = await round.addUser(n)
    const inserts = Array.from({ length: 10 }, (_, m) => insert(userId, totpOf(m), m % 2 === 0))
    const calls = inserts.map(unlessUserIsMissing)
    const remove = () => adapter.deleteUser(userId)
    await round.atOnce<unknown>([...calls.slice(0, 5), remove, ...calls.slice(5)])
    await round.expectNoTotp(userId)
    // A row left without its user would belong to the next user with that id.
    await round.addUser(n)
    await round.expectNoTotp(userId)
  }),
]

function insert(userId: Parameters<TotpAdapter["insertTotp"]>[0], { secret, usedStep }: TotpRecord, replace: boolean) {
  return (adapter: TotpAdapter) => adapter.insertTotp(userId, secret, usedStep, replace)
}
