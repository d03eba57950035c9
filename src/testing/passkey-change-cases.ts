import type { PasskeyRecord } from "../passkeys/passkey-port.ts"
import type { AdapterCase, FullAdapter } from "./adapter-case.ts"
import { hasUserPort } from "./adapter-case.ts"
import { expectEqual, winnerOf } from "./expectation.ts"
import { firstPasskeyAt, passkeyIdOf, useOf } from "./passkey-fixture.ts"
import { shift } from "./session-fixture.ts"
import type { PasskeyTrial } from "./trial.ts"
import { passkeyCase, passkeyRounds } from "./trial.ts"
import { keyOf } from "./user-fixture.ts"

/** Each passkey is used, renamed and deleted separately, and only by its owner. */
export const passkeyChangeCases: AdapterCase[] = [
  ownedCase(
    "recordPasskeyUse() sets the counter, the backup and the time of the use, and nothing else",
    async (trial) => {
      const { adapter, passkey } = trial
      const uses = [useOf(6), useOf(4_294_967_295, { backedUp: false, usedAt: shift(firstPasskeyAt, 999_999) })]
      let before = passkey.signCount
      for (const use of uses) {
        expectEqual("recordPasskeyUse()", await adapter.recordPasskeyUse(passkey.id, { signCount: before }, use), true)
        await trial.expectPasskeys({ ...passkey, ...use })
        before = use.signCount
      }
    },
  ),
  ownedCase("recordPasskeyUse() changes nothing unless the counter is the one that it expects", async (trial) => {
    const { adapter, passkey } = trial
    for (const signCount of [0, 4, 6, 50, 4_294_967_295]) {
      const recorded = await adapter.recordPasskeyUse(passkey.id, { signCount }, useOf(60))
      expectEqual(`recordPasskeyUse() from ${signCount}`, recorded, false)
      await trial.expectPasskeys(passkey)
    }
    const from = { signCount: passkey.signCount }
    expectEqual("recordPasskeyUse()", await adapter.recordPasskeyUse(passkey.id, from, useOf(6)), true)
    expectEqual("recordPasskeyUse() again", await adapter.recordPasskeyUse(passkey.id, from, useOf(7)), false)
    await trial.expectPasskeys({ ...passkey, ...useOf(6) })
  }),
  passkeyCase("recordPasskeyUse() records every use of a passkey without a counter", async (trial) => {
    const passkey = await trial.addPasskey(trial.userId, 1, { signCount: 0 })
    for (const ms of [1, 2, 2]) {
      const use = useOf(0, { usedAt: shift(firstPasskeyAt, ms), backedUp: ms === 1 })
      expectEqual("recordPasskeyUse()", await trial.adapter.recordPasskeyUse(passkey.id, { signCount: 0 }, use), true)
      await trial.expectPasskeys({ ...passkey, ...use })
    }
  }),
  ownedCase("recordPasskeyUse() records one of many racing uses with one counter", async ({ passkey, ...trial }) => {
    const uses = Array.from({ length: 10 }, (_, n) => useOf(6, { usedAt: shift(firstPasskeyAt, n) }))
    const recorded = uses.map((use) => trial.adapter.recordPasskeyUse(passkey.id, { signCount: 5 }, use))
    const use = winnerOf("recordPasskeyUse() calls that did", uses, await Promise.all(recorded))
    await trial.expectPasskeys({ ...passkey, ...use })
  }),
  passkeyRounds("recordPasskeyUse() during deletePasskey() does not bring the passkey back", async (trial, n, both) => {
    const { adapter, userId } = trial
    const passkey = await trial.addPasskey(userId, n)
    const use = () => adapter.recordPasskeyUse(passkey.id, { signCount: 5 }, useOf(6))
    const [, deleted] = await both(use, () => adapter.deletePasskey(passkey))
    expectEqual("deletePasskey()", deleted, true)
    await trial.expectNoPasskey(passkey)
  }),
  passkeyRounds("recordPasskeyUse() during renamePasskey() loses neither", async (trial, n, both) => {
    const passkey = await trial.addPasskey(trial.userId, n)
    const use = () => trial.adapter.recordPasskeyUse(passkey.id, { signCount: 5 }, useOf(6))
    const rename = () => trial.adapter.renamePasskey({ ...passkey, name: "renamed" })
    expectEqual("recordPasskeyUse() and renamePasskey()", await both(use, rename), [true, true])
    await trial.expectPasskeys({ ...passkey, ...useOf(6), name: "renamed" })
  }),

  ownedCase("renamePasskey() renames that one passkey, and may be repeated", async ({ adapter, passkey, ...trial }) => {
    const { userId, id } = passkey
    for (const name of ["New", "New", " 🔒 é\\ ", "", passkey.name, "x".repeat(255), "🔒".repeat(63)]) {
      expectEqual("renamePasskey()", await adapter.renamePasskey({ userId, id, name }), true)
      await trial.expectPasskeys({ ...passkey, name })
    }
  }),
  ownedCase("renamePasskey() of a missing or another user's passkey changes nothing", async (trial) => {
    const { adapter, passkey, theirs, userId, otherId } = trial
    const foreign = [
      { userId: otherId, id: passkey.id },
      { userId, id: theirs.id },
      { userId: trial.idOf(3), id: passkey.id },
      { userId, id: passkeyIdOf(9) },
    ]
    for (const { name } of [{ name: "new" }, passkey, theirs]) {
      for (const owned of foreign) {
        expectEqual("renamePasskey()", await adapter.renamePasskey({ ...owned, name }), false)
        await trial.expectPasskeys(passkey)
      }
    }
    await trial.expectNoPasskey({ id: passkeyIdOf(9) })
  }),

  ownedCase("deletePasskey() deletes that one passkey, once", async ({ adapter, passkey, ...trial }) => {
    const { userId, id } = passkey
    for (const isThere of [true, false])
      expectEqual("deletePasskey()", await adapter.deletePasskey({ userId, id }), isThere)
    await trial.expectNoPasskey(passkey)
    expectEqual("recordPasskeyUse()", await adapter.recordPasskeyUse(id, { signCount: 5 }, useOf(6)), false)
    expectEqual("renamePasskey()", await adapter.renamePasskey({ userId, id, name: "new" }), false)
    await trial.expectNoPasskey(passkey)
    await trial.expectOwned(userId, ...trial.others)
    await trial.addPasskey(trial.otherId, 1)
    await trial.expectOwned(userId, ...trial.others)
  }),
  ownedCase("deletePasskey() of a missing or another user's passkey deletes nothing", async (trial) => {
    const { adapter, passkey, theirs, userId, otherId } = trial
    const foreign = [
      { userId: otherId, id: passkey.id },
      { userId, id: theirs.id },
      { userId: trial.idOf(3), id: passkey.id },
      { userId, id: passkeyIdOf(9) },
    ]
    for (const owned of foreign) {
      expectEqual("deletePasskey()", await adapter.deletePasskey(owned), false)
      await trial.expectPasskeys(passkey)
    }
  }),
  passkeyCase("deletePasskeys() deletes all of a user's passkeys, and returns how many", async (trial) => {
    const { adapter, userId, otherId } = trial
    // The method is optional.
    if (!adapter.deletePasskeys) return
    const passkeys = [1, 2, 3].map((n) => trial.addPasskey(userId, n))
    const theirs = await trial.addPasskey(otherId, 4)
    await trial.expectPasskeys(...(await Promise.all(passkeys)))
    for (const count of [3, 0]) expectEqual("deletePasskeys()", await adapter.deletePasskeys(userId), count)
    expectEqual("deletePasskeys() of an unknown user", await adapter.deletePasskeys(trial.idOf(3)), 0)
    await trial.expectOwned(userId)
    await trial.expectNoPasskey(...(await Promise.all(passkeys)))
    await trial.expectOwned(otherId, theirs)
  }),
  passkeyCase("deletePasskey() resolves to true for one of many racing callers", async ({ adapter, ...trial }) => {
    const passkey = await trial.addPasskey(trial.userId, 1)
    const deleted = await Promise.all(Array.from({ length: 8 }, () => adapter.deletePasskey(passkey)))
    expectEqual("deletePasskey() calls that did", deleted.filter(Boolean).length, 1)
    await trial.expectNoPasskey(passkey)
  }),

  keyedCase("deleteKey() deletes a user's last key while there is a passkey", async ({ adapter, userId, ...trial }) => {
    const passkey = await trial.addPasskey(userId, 1)
    expectEqual("deleteKey()", await adapter.deleteKey(keyOf(userId, "ada")), "deleted")
    expectEqual("listKeys()", await adapter.listKeys(userId), [])
    await trial.expectOwned(userId, passkey)
  }),
  keyedCase("deleteKey() keeps a user's last key if only others have passkeys", async (trial) => {
    const { adapter, userId, otherId } = trial
    const theirs = await trial.addPasskey(otherId, 1)
    expectEqual("deleteKey()", await adapter.deleteKey(keyOf(userId, "ada")), "last_key")
    expectEqual("listKeys()", (await adapter.listKeys(userId)).length, 1)
    await trial.expectOwned(otherId, theirs)
  }),
  keyedCase("deleteKey() keeps a user's last key after the last passkey was deleted", async (trial) => {
    const { adapter, userId } = trial
    await trial.adapter.deletePasskey(await trial.addPasskey(userId, 1))
    expectEqual("deleteKey()", await adapter.deleteKey(keyOf(userId, "ada")), "last_key")
    expectEqual("listKeys()", (await adapter.listKeys(userId)).length, 1)
  }),
]

type Owned = PasskeyTrial & Record<"passkey" | "theirs", PasskeyRecord> & { others: PasskeyRecord[] }

/** Creates a case about a user's passkey. The user's other ones and the other user's must not change. */
function ownedCase(name: string, check: (trial: Owned) => Promise<void>): AdapterCase {
  return passkeyCase(name, async (trial) => {
    const { userId, otherId, addPasskey } = trial
    const passkey = await addPasskey(userId, 1)
    const others = [await addPasskey(userId, 3), await addPasskey(userId, 2, { id: passkey.id.toUpperCase() })]
    const theirs = await addPasskey(otherId, 4, { id: passkey.id.toLowerCase() })
    await check({ ...trial, passkey, others, theirs })
    await trial.expectPasskeys(...others, theirs)
  })
}

/** Creates a case about a user with one key. An adapter without the user port passes at once. */
function keyedCase(
  name: string,
  check: (trial: PasskeyTrial & { adapter: FullAdapter }) => Promise<void>,
): AdapterCase {
  return passkeyCase(name, async (trial) => {
    const { adapter, userId } = trial
    if (!hasUserPort(adapter)) return
    expectEqual("insertKey()", await adapter.insertKey(keyOf(userId, "ada")), "inserted")
    await check({ ...trial, adapter })
  })
}
