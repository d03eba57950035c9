import type { PasskeyAdapter } from "../passkeys/passkey-port.ts"
import { hasUserPort } from "./adapter-case.ts"
import type { ConcurrencyCase } from "./concurrency-case.ts"
import { passkeyRace } from "./concurrency-case.ts"
import { expectEqual, unlessUserIsMissing, winnerOf } from "./expectation.ts"
import { firstPasskeyAt, passkeyOf, useOf } from "./passkey-fixture.ts"
import { shift } from "./session-fixture.ts"

/** Race conditions of passkeys. */
export const passkeyConcurrencyCases: ConcurrencyCase[] = [
  passkeyRace("2 users store passkeys under one id: exactly one is stored", async (round) => {
    const [n, owners] = [round.next(), [round.userId, await round.addUser(round.next())]]
    const racers = Array.from({ length: 20 }, (_, m) => passkeyOf(owners[m % 2]!, n, { name: `racer ${m}` }))
    const results = await round.atOnce(racers.map((racer) => (adapter) => adapter.insertPasskey(racer)))
    const winner = winnerOf("insertPasskey() calls that stored it", racers, results)
    await round.expectPasskeys(winner)
    for (const owner of owners) await round.expectOwned(owner, ...(owner === winner.userId ? [winner] : []))
  }),
  passkeyRace("50 callers use a passkey with one counter that rises: exactly one does", async (round) => {
    const passkey = await round.addPasskey(round.userId, round.next())
    const uses = Array.from({ length: 50 }, (_, n) => useOf(6, { usedAt: shift(firstPasskeyAt, n) }))
    const record = (use: (typeof uses)[number]) => (adapter: PasskeyAdapter) =>
      adapter.recordPasskeyUse(passkey.id, { signCount: 5 }, use)
    const use = winnerOf("recordPasskeyUse() calls that did", uses, await round.atOnce(uses.map(record)))
    await round.expectPasskeys({ ...passkey, ...use })
  }),
  passkeyRace("a passkey is renamed while it is used: both have their effect", async (round) => {
    const passkeys = await addPasskeys(round, 6)
    const calls = passkeys.flatMap(({ id, userId }) => [
      (adapter: PasskeyAdapter) => adapter.recordPasskeyUse(id, { signCount: 5 }, useOf(6)),
      (adapter: PasskeyAdapter) => adapter.renamePasskey({ id, userId, name: "renamed" }),
    ])
    const results = await round.atOnce(calls)
    expectEqual("calls that had their effect", results.filter(Boolean).length, calls.length)
    await round.expectPasskeys(...passkeys.map((passkey) => ({ ...passkey, ...useOf(6), name: "renamed" })))
  }),
  passkeyRace("a passkey is deleted while it is used and renamed: it does not come back", async (round) => {
    const passkeys = await addPasskeys(round, 6)
    const calls = passkeys.flatMap(({ id, userId }) => [
      (adapter: PasskeyAdapter) => adapter.recordPasskeyUse(id, { signCount: 5 }, useOf(6)),
      (adapter: PasskeyAdapter) => adapter.deletePasskey({ id, userId }),
      (adapter: PasskeyAdapter) => adapter.renamePasskey({ id, userId, name: "renamed" }),
    ])
    const results = await round.atOnce(calls)
    const deleted = results.filter((result, n) => n % 3 === 1 && result)
    expectEqual("deletePasskey() calls that did", deleted.length, passkeys.length)
    await round.expectNoPasskey(...passkeys)
    await round.expectOwned(round.userId)
  }),
  passkeyRace("12 callers delete one passkey: exactly one does", async (round) => {
    const passkey = await round.addPasskey(round.userId, round.next())
    const results = await round.atOnce(Array.from({ length: 12 }, () => (adapter) => adapter.deletePasskey(passkey)))
    expectEqual("deletePasskey() calls that did", results.filter(Boolean).length, 1)
    await round.expectNoPasskey(passkey)
  }),
  passkeyRace("a user is deleted while passkeys are stored: none is left", async (round) => {
    const { adapter } = round
    if (!round.knowsUsers || !hasUserPort(adapter)) return
    const n = round.next()
    const userId = await round.addUser(n)
    const passkeys = Array.from({ length: 10 }, () => passkeyOf(userId, round.next()))
    const calls = passkeys.map((passkey) => unlessUserIsMissing((each: PasskeyAdapter) => each.insertPasskey(passkey)))
    const remove = () => adapter.deleteUser(userId)
    await round.atOnce<unknown>([...calls.slice(0, 5), remove, ...calls.slice(5)])
    await round.expectNoPasskey(...passkeys)
    // A row left without its user would belong to the next user with that id.
    await round.addUser(n)
    await round.expectNoPasskey(...passkeys)
    await round.expectOwned(userId)
  }),
]

type Adder = Pick<Parameters<Parameters<typeof passkeyRace>[1]>[0], "addPasskey" | "next" | "userId">

async function addPasskeys({ addPasskey, next, userId }: Adder, count: number) {
  return Promise.all(Array.from({ length: count }, () => addPasskey(userId, next())))
}
