import type { AdapterCase } from "./adapter-case.ts"
import { usernameOf } from "./adapter-case.ts"
import { expectEqual, format, settle } from "./expectation.ts"
import { asId, foreignNames, nearMisses, protoAttributes, wrongTypes } from "./hostile-input.ts"
import { columnOf } from "./session-fixture.ts"
import type { UserTrial } from "./trial.ts"
import { userCase } from "./trial.ts"

/** User ids are compared byte for byte, and attributes cannot change core columns. */
export const userHostileCases: AdapterCase[] = [
  wholeCase("findUser(), updateUser() and listKeys() compare ids byte for byte", async ({ adapter, userId }) => {
    for (const miss of missesOf(userId)) {
      await expectNothing(`findUser(${format(miss)})`, null, () => adapter.findUser(miss))
      const update = () => adapter.updateUser(miss, { username: usernameOf(3) })
      await expectNothing(`updateUser(${format(miss)})`, "missing", update)
      await expectNothing(`listKeys(${format(miss)})`, [], () => adapter.listKeys(miss))
    }
  }),
  wholeCase("deleteUser() compares ids byte for byte", async ({ adapter, userId }, check) => {
    for (const miss of missesOf(userId)) {
      await settle(() => adapter.deleteUser(miss))
      await check()
    }
  }),
  wholeCase("a key's owner is compared byte for byte", async ({ adapter, ...trial }, check) => {
    for (const userId of missesOf(trial.userId)) {
      const name = { userId, providerId: "username", providerUserId: "ada" }
      const replace = () => adapter.replaceUserPasswords(userId, ["username"], "other")
      await expectNothing(`replaceUserPasswords(${format(userId)})`, false, replace)
      await expectNothing(`renameKey() for ${format(userId)}`, "missing", () => adapter.renameKey(name, "eve"))
      const remove = () => adapter.deleteKey(name, { evenLast: true })
      await expectNothing(`deleteKey() for ${format(userId)}`, "missing", remove)
      await check()
    }
  }),
  wholeCase("a value of another type matches no user", async ({ adapter, userId }, check) => {
    for (const wrong of wrongTypes(userId)) {
      await expectNothing(`findUser(${format(wrong)})`, null, () => adapter.findUser(asId(wrong)))
      await expectNothing(`listKeys(${format(wrong)})`, [], () => adapter.listKeys(asId(wrong)))
      await settle(() => adapter.updateUser(asId(wrong), { username: usernameOf(3) }))
      await settle(() => adapter.deleteUser(asId(wrong)))
      await check()
    }
  }),
  wholeCase("a value of another type matches no key", async ({ adapter, userId }, check) => {
    const key = { userId, providerId: "username", providerUserId: "ada" }
    // A value that reads as "ada" once both ids are joined to one text does name that key.
    for (const wrong of wrongTypes("ada").filter((value) => String(value) !== "ada")) {
      const find = () => adapter.findKey("username", asId(wrong))
      await expectNothing(`findKey("username", ${format(wrong)})`, null, find)
      for (const field of ["providerUserId", "providerId", "userId"]) {
        await settle(() => adapter.deleteKey({ ...key, [field]: asId(wrong) }, { evenLast: true }))
        await settle(() => adapter.renameKey({ ...key, [field]: asId(wrong) }, "eve"))
      }
      await check()
    }
  }),
  wholeCase("updateUser() cannot change an id", async (trial, check) => {
    for (const next of [trial.idOf(3), trial.otherId]) {
      await settle(() => trial.adapter.updateUser(trial.userId, { [idColumn]: next }))
      await check()
      await trial.expectUser(trial.otherId, 2)
    }
    await trial.expectNoUser(trial.idOf(3))
  }),
  userCase("insertUser() lets no attribute replace the id", async (trial) => {
    await expectInsertedOrRefused(trial, 3, { [idColumn]: trial.idOf(4) })
    await trial.expectNoUser(trial.idOf(4))
  }),
  wholeCase(
    "insertUser() and updateUser() refuse or ignore attribute names that no column has",
    async (trial, check) => {
      for (const [n, name] of foreignNames.entries()) {
        await expectInsertedOrRefused(trial, 10 + n, { [name]: "x" })
        await settle(() => trial.adapter.updateUser(trial.otherId, { [name]: "x" }))
        await trial.expectUser(trial.otherId, 2)
        await check()
      }
    },
  ),
  userCase("an attribute of a user named __proto__ reaches no prototype", async ({ adapter, userId, ...trial }) => {
    const id = trial.idOf(3)
    const attributes = Object.defineProperty(protoAttributes(), "username", { value: usernameOf(3), enumerable: true })
    await settle(() => adapter.insertUser({ id, attributes: { username: "", ...attributes } }, null))
    await settle(() => adapter.updateUser(userId, protoAttributes()))
    expectEqual("isAdmin of a new object", columnOf({}, "isAdmin"), undefined)
    for (const each of [userId, id]) {
      expectEqual("isAdmin of the user", columnOf((await adapter.findUser(each)) ?? {}, "isAdmin"), undefined)
    }
    await trial.expectUser(userId, 1)
  }),
]

const idColumn: string = "id"

/** Creates a case about a user with a key and a session. None may have changed at each check and at the end. */
function wholeCase(name: string, check: (trial: UserTrial, checkWhole: () => Promise<void>) => Promise<void>) {
  return userCase(name, async (trial) => {
    const key = await trial.addKey(trial.userId, "ada")
    const session = await trial.addSession(trial.userId, 1)
    const checkWhole = async (): Promise<void> => {
      await trial.expectUser(trial.userId, 1)
      await trial.expectKey(key)
      await trial.expectStored(session)
    }
    await check(trial, checkWhole)
    await checkWhole()
  })
}

function missesOf(id: unknown): string[] {
  return typeof id === "string" ? nearMisses(id) : []
}

async function expectInsertedOrRefused({ adapter, ...trial }: UserTrial, n: number, more: object): Promise<void> {
  const id = trial.idOf(n)
  const { status } = await settle(() =>
    adapter.insertUser({ id, attributes: { username: usernameOf(n), ...more } }, null),
  )
  if (status === "fulfilled") await trial.expectUser(id, n)
  else await trial.expectNoUser(id)
}

/** A store may also reject the lookup, for example for text that is not a UUID. That also finds nothing. */
async function expectNothing(what: string, expected: unknown, call: () => Promise<unknown>): Promise<void> {
  const outcome = await settle(call)
  if (outcome.status === "fulfilled") expectEqual(what, outcome.value, expected)
}
