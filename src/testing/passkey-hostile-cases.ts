import type { PasskeyRecord } from "../passkeys/passkey-port.ts"
import type { AdapterCase } from "./adapter-case.ts"
import { expectEqual, format, settle, valueOf } from "./expectation.ts"
import { asId, expectMiss, nearMisses, wrongTypes } from "./hostile-input.ts"
import { passkeyOf, useOf } from "./passkey-fixture.ts"
import type { PasskeyTrial } from "./trial.ts"
import { passkeyCase } from "./trial.ts"

/** Ids and users are compared byte for byte, and by type. */
export const passkeyHostileCases: AdapterCase[] = [
  wholeCase("every passkey method compares ids byte for byte", async ({ adapter, userId, passkey }, check) => {
    const from = { signCount: passkey.signCount }
    for (const id of nearMisses(passkey.id)) {
      await expectMiss(`findPasskey(${format(id)})`, id, null, () => adapter.findPasskey(id))
      const use = () => adapter.recordPasskeyUse(id, from, useOf(6))
      await expectMiss(`recordPasskeyUse(${format(id)})`, id, false, use)
      const rename = () => adapter.renamePasskey({ userId, id, name: "new" })
      await expectMiss(`renamePasskey() of ${format(id)}`, id, false, rename)
      await expectMiss(`deletePasskey() of ${format(id)}`, id, false, () => adapter.deletePasskey({ userId, id }))
      await check()
    }
  }),
  wholeCase("a passkey's owner is compared byte for byte", async ({ adapter, userId, passkey }, check) => {
    for (const miss of typeof userId === "string" ? nearMisses(userId) : []) {
      const owned = { userId: miss, id: passkey.id }
      const listed = await settle(() => adapter.listPasskeys(miss))
      expectEqual(`listPasskeys(${format(miss)})`, valueOf(listed, []), [])
      const renamed = await settle(() => adapter.renamePasskey({ ...owned, name: "new" }))
      expectEqual(`renamePasskey() for ${format(miss)}`, valueOf(renamed, false), false)
      const deleted = await settle(() => adapter.deletePasskey(owned))
      expectEqual(`deletePasskey() for ${format(miss)}`, valueOf(deleted, false), false)
      await settle(async () => adapter.deletePasskeys?.(miss))
      await check()
    }
  }),
  wholeCase("a value of another type matches no passkey", async ({ adapter, userId, passkey }, check) => {
    for (const wrong of wrongTypes(passkey.id)) {
      const found = await settle(() => adapter.findPasskey(asId(wrong)))
      expectEqual(`findPasskey(${format(wrong)})`, valueOf(found, null), null)
      await settle(() => adapter.recordPasskeyUse(asId(wrong), { signCount: passkey.signCount }, useOf(6)))
      await settle(() => adapter.renamePasskey({ userId, id: asId(wrong), name: "new" }))
      await settle(() => adapter.deletePasskey({ userId, id: asId(wrong) }))
      await check()
    }
  }),
  wholeCase("a value of another type matches no owner, and no missing owner", async (trial, check) => {
    const { adapter, userId, passkey } = trial
    for (const wrong of wrongTypes(userId)) {
      const listed = await settle(() => adapter.listPasskeys(asId(wrong)))
      expectEqual(`listPasskeys(${format(wrong)})`, valueOf(listed, []), [])
      await settle(() => adapter.renamePasskey({ userId: asId(wrong), id: passkey.id, name: "new" }))
      await settle(() => adapter.deletePasskey({ userId: asId(wrong), id: passkey.id }))
      await settle(async () => adapter.deletePasskeys?.(asId(wrong)))
      await check()
    }
  }),
  wholeCase("a name with a NUL is stored unchanged, or refused", async ({ adapter, userId, ...trial }, check) => {
    for (const name of ["\0", "a\0b", "a\0"]) {
      const passkey = passkeyOf(userId, 3, { name })
      const { status } = await settle(() => adapter.insertPasskey(passkey))
      if (status === "fulfilled") await trial.expectPasskeys(passkey)
      else await trial.expectNoPasskey(passkey)
      await adapter.deletePasskey(passkey)
      const renamed = await settle(() => adapter.renamePasskey({ ...trial.passkey, name }))
      await trial.expectPasskeys(renamed.status === "fulfilled" ? { ...trial.passkey, name } : trial.passkey)
      await adapter.renamePasskey(trial.passkey)
      await check()
    }
  }),
]

type Whole = PasskeyTrial & { passkey: PasskeyRecord }

/** Creates a case about a user's passkey. It and the other user's must not have changed at each check and at the end. */
function wholeCase(name: string, check: (trial: Whole, checkWhole: () => Promise<void>) => Promise<void>): AdapterCase {
  return passkeyCase(name, async (trial) => {
    const { userId, otherId } = trial
    const [passkey, theirs] = [await trial.addPasskey(userId, 1), await trial.addPasskey(otherId, 2)]
    const checkWhole = async (): Promise<void> => {
      await trial.expectPasskeys(passkey, theirs)
      await trial.expectOwned(userId, passkey)
      await trial.expectOwned(otherId, theirs)
    }
    await check({ ...trial, passkey }, checkWhole)
    await checkWhole()
  })
}
