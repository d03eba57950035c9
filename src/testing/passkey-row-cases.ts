import type { PasskeyRecord } from "../passkeys/passkey-port.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { hasUserPort, passkeyMethods } from "./adapter-case.ts"
import { expectAuthError, expectDate, expectEqual, winnerOf } from "./expectation.ts"
import { firstPasskeyAt, passkeyIdOf, passkeyOf, useOf } from "./passkey-fixture.ts"
import { expiredAt, liveUntil, shift } from "./session-fixture.ts"
import type { PasskeyTrial } from "./trial.ts"
import { passkeyCase, passkeyRounds } from "./trial.ts"

/** Passkeys are found and listed as they were stored. */
export const passkeyRowCases: AdapterCase[] = [
  passkeyCase("insertPasskey() stores passkeys as given", async ({ userId, otherId, ...trial }) => {
    const used = { usedAt: shift(firstPasskeyAt, 1), backedUp: true }
    const bare = { backupEligible: false, transports: [], name: "", signCount: 0 }
    const passkeys = [await trial.addPasskey(userId, 1), await trial.addPasskey(otherId, 2, used)]
    passkeys.push(await trial.addPasskey(userId, 3, bare))
    await trial.expectPasskeys(...passkeys)
    const found = await trial.adapter.findPasskey(passkeyIdOf(2))
    expectDate("passkey.createdAt", found?.createdAt)
    expectDate("passkey.usedAt", found?.usedAt)
  }),
  storesEach("insertPasskey() keeps ids of every length, up to 1,364 characters", [
    ...["A", "-", "_", "0", "007", "1e3", "null"].map((id) => ({ id })),
    ...[22, 255, 256, 1000, 1363].map((length) => ({ id: "aB".repeat(700).slice(0, length) })),
    ...["A", "a", "_"].map((last) => ({ id: "aB".repeat(681) + "x" + last })),
  ]),
  storesEach("ids that differ only in case belong to two passkeys", [
    ...["AbC-_1", "abc-_1", "ABC-_1", "AbC_-1"].map((id) => ({ id })),
    ...["x", "X"].map((last) => ({ id: "aB".repeat(681) + "a" + last })),
  ]),
  storesEach("insertPasskey() keeps public keys of every algorithm, up to 1,500 characters", [
    { algorithm: -7 },
    { algorithm: -8, publicKey: "MCowBQYDK2VwAyEA_-aB" },
    { algorithm: -257, publicKey: "aB3_-".repeat(300) },
  ]),
  storesEach(
    "insertPasskey() keeps counters up to 4,294,967,295",
    [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1].map((signCount) => ({ signCount })),
  ),
  storesEach("insertPasskey() keeps whether a passkey can be backed up, and whether it is", [
    { backupEligible: false, backedUp: false },
    { backupEligible: true, backedUp: false },
    { backupEligible: true, backedUp: true },
  ]),
  storesEach("insertPasskey() keeps up to 16 transports, in their order", [
    { transports: [] },
    { transports: ["usb"] },
    { transports: ["smart-card", "usb", "nfc", "ble", "hybrid", "internal", "cable"] },
    { transports: Array.from({ length: 16 }, (_, n) => `future-transport-${16 - n}`) },
  ]),
  storesEach(
    "insertPasskey() keeps names byte for byte, up to 255 bytes",
    texts().map((name) => ({ name })),
  ),
  storesEach("insertPasskey() keeps the AAGUID of the authenticator", [
    { aaguid: "00000000-0000-0000-0000-000000000000" },
    { aaguid: "ffffffff-ffff-ffff-ffff-ffffffffffff" },
  ]),
  storesEach(
    "insertPasskey() keeps the milliseconds of times",
    [shift(firstPasskeyAt, 1), shift(firstPasskeyAt, 876), expiredAt(0), liveUntil(0)].flatMap((at) => [
      { createdAt: at },
      { usedAt: at },
    ]),
  ),
  passkeyCase("insertPasskey() with a taken id stores nothing, whoever owns it", async (trial) => {
    const { adapter, userId, otherId } = trial
    const passkey = await trial.addPasskey(userId, 1)
    const changes = { publicKey: "other", name: "late", signCount: 9 }
    for (const late of [passkey, passkeyOf(userId, 1, changes), passkeyOf(otherId, 1, changes)]) {
      expectEqual("insertPasskey()", await adapter.insertPasskey(late), false)
      await trial.expectOwned(userId, passkey)
      await trial.expectOwned(otherId)
      await trial.expectPasskeys(passkey)
    }
  }),
  passkeyCase("insertPasskey() stores one of many racing passkeys of one id", async (trial) => {
    const { adapter, userId, otherId } = trial
    const racers = Array.from({ length: 8 }, (_, n) => passkeyOf(n % 2 ? userId : otherId, 1, { name: `racer ${n}` }))
    const inserted = await Promise.all(racers.map((racer) => adapter.insertPasskey(racer)))
    const winner = winnerOf("insertPasskey() calls that stored it", racers, inserted)
    await trial.expectPasskeys(winner)
    for (const id of [userId, otherId]) await trial.expectOwned(id, ...(id === winner.userId ? [winner] : []))
  }),
  passkeyCase("insertPasskey() rejects with user_missing for an unknown user, and stores nothing", async (trial) => {
    if (!trial.knowsUsers) return
    const passkey = passkeyOf(trial.idOf(3), 1)
    await expectAuthError("insertPasskey()", "user_missing", () => trial.adapter.insertPasskey(passkey))
    await trial.expectNoPasskey(passkey)
    await trial.addUser(3)
    await trial.expectNoPasskey(passkey)
    await trial.expectOwned(passkey.userId)
  }),
  passkeyCase("passkeys are copied when they are stored and when they are found", async (trial) => {
    const { adapter, userId } = trial
    const changes = () => ({ createdAt: new Date(firstPasskeyAt), usedAt: new Date(firstPasskeyAt) })
    spoil(await trial.addPasskey(userId, 1, changes()))
    for (const copy of [await adapter.findPasskey(passkeyIdOf(1)), ...(await adapter.listPasskeys(userId))]) {
      if (copy) spoil(copy)
    }
    await trial.expectPasskeys(passkeyOf(userId, 1, changes()))
    const use = useOf(6, { usedAt: new Date(firstPasskeyAt) })
    expectEqual("recordPasskeyUse()", await adapter.recordPasskeyUse(passkeyIdOf(1), { signCount: 5 }, use), true)
    use.usedAt.setTime(0)
    const used = { signCount: 6, backedUp: true }
    await trial.expectPasskeys(passkeyOf(userId, 1, { ...changes(), ...used }))
  }),
  passkeyCase("an unknown passkey is not found, not used, not renamed and not deleted", async (trial) => {
    const passkey = await trial.addPasskey(trial.userId, 1)
    await expectUnknown(trial, passkeyOf(trial.userId, 2))
    await trial.expectNoPasskey({ id: passkeyIdOf(2) })
    await trial.expectOwned(trial.userId, passkey)
  }),
  passkeyCase("listPasskeys() lists a user's passkeys, the newest first", async ({ userId, otherId, ...trial }) => {
    // Neither the ids nor the insertions are in the order of the times.
    const times = [3, 1, 5, 2, 4, 1_004, 1_003].map((ms) => ({ createdAt: shift(firstPasskeyAt, ms) }))
    const passkeys: PasskeyRecord[] = []
    for (const [n, time] of times.entries()) passkeys.push(await trial.addPasskey(userId, n, time))
    const theirs = await trial.addPasskey(otherId, 20)
    await trial.expectOwned(userId, ...[5, 6, 2, 4, 0, 3, 1].flatMap((n) => passkeys[n] ?? []))
    await trial.expectOwned(otherId, theirs)
    await trial.expectOwned(trial.idOf(3))
  }),
  passkeyCase("listPasskeys() lists 40 passkeys", async ({ userId, ...trial }) => {
    const passkeys: PasskeyRecord[] = []
    for (let n = 0; n < 40; n++) passkeys.push(await trial.addPasskey(userId, n))
    await trial.expectOwned(userId, ...passkeys.toReversed())
  }),
  passkeyCase("deleteUser() deletes the user's passkeys, and keeps those of others", async (trial) => {
    const { adapter, userId, otherId } = trial
    if (!hasUserPort(adapter)) return
    const passkeys = [await trial.addPasskey(userId, 1), await trial.addPasskey(userId, 2)]
    const theirs = await trial.addPasskey(otherId, 3)
    await adapter.deleteUser(userId)
    for (const passkey of passkeys) await expectUnknown(trial, passkey)
    await trial.expectOwned(userId)
    await trial.addUser(1)
    await trial.expectNoPasskey(...passkeys)
    await trial.expectOwned(userId)
    await trial.expectOwned(otherId, theirs)
  }),
  passkeyCase("after deleteUser(), another user's passkey can have the id", async ({ adapter, ...trial }) => {
    if (!hasUserPort(adapter)) return
    await trial.addPasskey(trial.userId, 1)
    await adapter.deleteUser(trial.userId)
    await trial.expectOwned(trial.otherId, await trial.addPasskey(trial.otherId, 1))
  }),
  passkeyRounds("deleteUser() during insertPasskey() leaves no passkey", async ({ adapter, ...trial }, n, both) => {
    if (!hasUserPort(adapter) || !trial.knowsUsers) return
    const passkey = passkeyOf(trial.userId, n)
    const insert = () => adapter.insertPasskey(passkey).catch(() => false)
    await both(insert, () => adapter.deleteUser(passkey.userId))
    await trial.expectNoPasskey(passkey)
    await trial.addUser(10 + n)
    await trial.expectOwned(passkey.userId)
  }),
  passkeyCase("passkey methods work when the adapter is spread or taken apart", async ({ userId, ...trial }) => {
    const spread = { ...trial.adapter }
    const inherited = passkeyMethods.filter((method) => typeof spread[method] !== "function")
    expectEqual("methods that a spread loses", inherited, [])
    /* oxlint-disable typescript/unbound-method -- this is the case: no method may need `this` */
    const { insertPasskey, findPasskey, listPasskeys } = trial.adapter
    const { recordPasskeyUse, renamePasskey, deletePasskey, deletePasskeys } = trial.adapter
    /* oxlint-enable typescript/unbound-method */
    const passkey = passkeyOf(userId, 1)
    expectEqual("insertPasskey()", await insertPasskey(passkey), true)
    expectEqual("findPasskey()", (await findPasskey(passkey.id))?.id, passkey.id)
    expectEqual("listPasskeys()", (await listPasskeys(userId)).length, 1)
    expectEqual("recordPasskeyUse()", await recordPasskeyUse(passkey.id, passkey, useOf(6)), true)
    expectEqual("renamePasskey()", await renamePasskey({ userId, id: passkey.id, name: "new" }), true)
    expectEqual("deletePasskey()", await deletePasskey({ userId, id: passkey.id }), true)
    expectEqual("deletePasskeys()", (await deletePasskeys?.(userId)) ?? 0, 0)
  }),
]

function texts(): string[] {
  const odd = ["", " padded ", "'; DROP TABLE user_passkey; --", "a\n\t\\n", "007", "null"]
  return [...odd, "🔒 é e\u0301 ß ﬁ \u202E\uFEFF", "x".repeat(255), `${"🔒".repeat(63)}é!`, "\u{10FFFF}".repeat(63)]
}

/** Creates a case that stores one passkey with each of these changes, and finds them all unchanged. */
function storesEach(name: string, changes: Partial<PasskeyRecord>[]): AdapterCase {
  return passkeyCase(name, async ({ userId, ...trial }) => {
    const passkeys: PasskeyRecord[] = []
    for (const [n, change] of changes.entries()) passkeys.push(await trial.addPasskey(userId, n, change))
    await trial.expectPasskeys(...passkeys)
    const listed = await trial.adapter.listPasskeys(userId)
    expectEqual("listPasskeys()", listed.map(({ id }) => id).toSorted(), passkeys.map(({ id }) => id).toSorted())
  })
}

/** Changes a passkey in place, which must not change the stored one. */
function spoil(passkey: PasskeyRecord): void {
  passkey.createdAt.setTime(0)
  passkey.usedAt?.setTime(0)
  passkey.transports.push("changed")
  passkey.name = "changed"
}

async function expectUnknown({ adapter }: PasskeyTrial, { id, userId }: PasskeyRecord): Promise<void> {
  expectEqual("findPasskey()", await adapter.findPasskey(id), null)
  for (const signCount of [0, 5])
    expectEqual("recordPasskeyUse()", await adapter.recordPasskeyUse(id, { signCount }, useOf(6)), false)
  expectEqual("renamePasskey()", await adapter.renamePasskey({ id, userId, name: "new" }), false)
  expectEqual("deletePasskey()", await adapter.deletePasskey({ id, userId }), false)
}
