import type { AdapterCase, FullAdapter, Trial } from "./adapter-case.ts"
import { userCase, usernameOf } from "./adapter-case.ts"
import { expectEqual, format, settle } from "./expectation.ts"
import { asId, foreignNames, nearMisses, protoAttributes, wrongTypes } from "./hostile-input.ts"
import { addSession, columnOf, expectStored } from "./session-fixture.ts"
import { addKey, expectKey, expectNoUser, expectUser } from "./user-fixture.ts"

/** User ids are compared byte for byte, and attributes stay attributes. */
export const userHostileCases: AdapterCase[] = [
  userCase("findUser(), updateUser() and listKeys() compare ids byte for byte", async (trial) => {
    const id = await trial.addUser(1)
    await addKey(trial, id, "ada")
    if (typeof id !== "string") return
    for (const miss of nearMisses(id)) {
      await expectNothing(`findUser(${format(miss)})`, null, () => trial.adapter.findUser(miss))
      const update = () => trial.adapter.updateUser(miss, { username: usernameOf(2) })
      await expectNothing(`updateUser(${format(miss)})`, "missing", update)
      await expectNothing(`listKeys(${format(miss)})`, [], () => trial.adapter.listKeys(miss))
    }
    await expectUser(trial, id, 1)
  }),
  userCase("deleteUser() compares ids byte for byte", async (trial) => {
    const [id, check] = await addWhole(trial)
    for (const miss of typeof id === "string" ? nearMisses(id) : []) {
      await settle(() => trial.adapter.deleteUser(miss))
      await check()
    }
  }),
  userCase("a key's owner is compared byte for byte", async (trial) => {
    const [id, check] = await addWhole(trial)
    const { adapter } = trial
    for (const userId of typeof id === "string" ? nearMisses(id) : []) {
      const name = { userId, providerId: "username", providerUserId: "ada" }
      const replace = () => adapter.replaceUserPasswords(userId, ["username"], "other")
      await expectNothing(`replaceUserPasswords(${format(userId)})`, false, replace)
      await expectNothing(`renameKey() for ${format(userId)}`, "missing", () => adapter.renameKey(name, "eve"))
      const remove = () => adapter.deleteKey(name, { evenLast: true })
      await expectNothing(`deleteKey() for ${format(userId)}`, "missing", remove)
      await check()
    }
  }),
  userCase("a value of another type stands for no user", async (trial) => {
    const [id, check] = await addWhole(trial)
    for (const wrong of wrongTypes(id)) {
      await expectNothing(`findUser(${format(wrong)})`, null, () => trial.adapter.findUser(asId(wrong)))
      await expectNothing(`listKeys(${format(wrong)})`, [], () => trial.adapter.listKeys(asId(wrong)))
      await settle(() => trial.adapter.updateUser(asId(wrong), { username: usernameOf(2) }))
      await settle(() => trial.adapter.deleteUser(asId(wrong)))
      await check()
    }
  }),
  userCase("a value of another type stands for no key", async (trial) => {
    const [id, check] = await addWhole(trial)
    // What reads as "ada" when the two ids are joined to one text is that key.
    for (const wrong of wrongTypes("ada").filter((value) => String(value) !== "ada")) {
      const find = () => trial.adapter.findKey("username", asId(wrong))
      await expectNothing(`findKey("username", ${format(wrong)})`, null, find)
      for (const name of [
        { userId: id, providerId: "username", providerUserId: asId(wrong) },
        { userId: id, providerId: asId(wrong), providerUserId: "ada" },
        { userId: asId(wrong), providerId: "username", providerUserId: "ada" },
      ]) {
        await settle(() => trial.adapter.deleteKey(name, { evenLast: true }))
        await settle(() => trial.adapter.renameKey(name, "eve"))
      }
      await check()
    }
  }),
  userCase("updateUser() cannot change an id", async (trial) => {
    const [id, check] = await addWhole(trial)
    const other = await trial.addUser(2)
    for (const next of [trial.userId(3), other]) {
      await settle(() => trial.adapter.updateUser(id, { [idColumn]: next }))
      await check()
      await expectUser(trial, other, 2)
    }
    await expectNoUser(trial, trial.userId(3))
  }),
  userCase("insertUser() lets no attribute stand in for the id", async (trial) => {
    const [id, other] = [trial.userId(1), trial.userId(2)]
    const attributes = { username: usernameOf(1), [idColumn]: other }
    const { status } = await settle(() => trial.adapter.insertUser({ id, attributes }, null))
    await expectNoUser(trial, other)
    if (status === "fulfilled") await expectUser(trial, id, 1)
    else await expectNoUser(trial, id)
  }),
  userCase("insertUser() and updateUser() refuse or ignore attribute names that no column has", async (trial) => {
    const [, check] = await addWhole(trial)
    const second = await trial.addUser(2)
    for (const [n, name] of foreignNames.entries()) {
      const [id, username] = [trial.userId(10 + n), usernameOf(10 + n)]
      const { status } = await settle(() =>
        trial.adapter.insertUser({ id, attributes: { username, [name]: "x" } }, null),
      )
      if (status === "fulfilled") await expectUser(trial, id, 10 + n)
      else await expectNoUser(trial, id)
      await settle(() => trial.adapter.updateUser(second, { [name]: "x" }))
      await expectUser(trial, second, 2)
      await check()
    }
  }),
  userCase("an attribute of a user named __proto__ reaches no prototype", async (trial) => {
    const [id, inserted] = [await trial.addUser(1), trial.userId(2)]
    const attributes = Object.defineProperty(protoAttributes(), "username", { value: usernameOf(2), enumerable: true })
    await settle(() => trial.adapter.insertUser({ id: inserted, attributes: { username: "", ...attributes } }, null))
    await settle(() => trial.adapter.updateUser(id, protoAttributes()))
    expectEqual("isAdmin of a new object", columnOf({}, "isAdmin"), undefined)
    for (const userId of [id, inserted]) {
      const user = await trial.adapter.findUser(userId)
      expectEqual("isAdmin of the user", columnOf(user ?? {}, "isAdmin"), undefined)
    }
    await expectUser(trial, id, 1)
  }),
]

const idColumn: string = "id"

/** Adds a user with a key and a session, and makes the check that all three are as they were. */
async function addWhole(trial: Trial<FullAdapter>) {
  const id = await trial.addUser(1)
  const key = await addKey(trial, id, "ada")
  const session = await addSession(trial, id, 1)
  const check = async (): Promise<void> => {
    await expectUser(trial, id, 1)
    await expectKey(trial, key)
    await expectStored(trial, session)
  }
  return [id, check] as const
}

/** A store may also reject the lookup, for example for text that is not a UUID: it finds nothing too. */
async function expectNothing(what: string, answer: unknown, call: () => Promise<unknown>): Promise<void> {
  const outcome = await settle(call)
  if (outcome.status === "fulfilled") expectEqual(what, outcome.value, answer)
}
