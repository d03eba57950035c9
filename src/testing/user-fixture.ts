import type { KeyName, KeyRecord, UserId } from "../core/ports.ts"
import type { FullAdapter, NewUserRow } from "./adapter-case.ts"
import { usernameOf } from "./adapter-case.ts"
import { expectEqual, format } from "./expectation.ts"
import { columnOf } from "./session-fixture.ts"

/** Creates a key of a user. */
export function keyOf(userId: UserId, providerUserId: string, changes: Partial<KeyRecord> = {}): KeyRecord {
  return { providerId: "username", providerUserId, userId, passwordHash: `hash of ${providerUserId}`, ...changes }
}

/** Returns a key without its user, as `insertUser()` takes it. */
export function withoutUser({ providerId, providerUserId, passwordHash }: KeyRecord): Omit<KeyRecord, "userId"> {
  return { providerId, providerUserId, passwordHash }
}

/** Returns the argument of `insertUser()` for user `n`. */
export function newUser(id: UserId, n: number): { id: UserId; attributes: NewUserRow } {
  return { id, attributes: { username: usernameOf(n) } }
}

/** Throws unless the row is that of this user. Its id may have another type, because a driver returns the row. */
export function expectRow(row: object | null | undefined, id: UserId, username: string): void {
  if (!row) throw new Error(`the row of user ${format(id)}: expected a row, got ${format(row)}`)
  expectEqual("user.id", String(columnOf(row, "id")), String(id))
  expectEqual("user.username", columnOf(row, "username"), username)
}

/** Creates the helpers of the user port's cases, in addition to {@link startTrial}. */
export function userChecks(adapter: FullAdapter) {
  /** Inserts a key, and resolves to it. */
  async function addKey(userId: UserId, providerUserId: string, changes?: Partial<KeyRecord>): Promise<KeyRecord> {
    const key = keyOf(userId, providerUserId, changes)
    expectEqual(`insertKey(${format(key)})`, await adapter.insertKey(key), "inserted")
    return key
  }

  /** Throws unless the store holds these keys as given. */
  async function expectKey(...keys: KeyRecord[]): Promise<void> {
    for (const key of keys) {
      const found = await adapter.findKey(key.providerId, key.providerUserId)
      expectEqual("findKey()", found && fieldsOf(found), fieldsOf(key))
    }
  }

  /** Throws if the store has such a key. */
  async function expectNoKey({ providerId, providerUserId }: KeyName): Promise<void> {
    const what = `findKey(${format(providerId)}, ${format(providerUserId)})`
    expectEqual(what, await adapter.findKey(providerId, providerUserId), null)
  }

  /** Throws unless exactly these keys of the user are listed, in any order. */
  async function expectKeys(userId: UserId, ...keys: KeyRecord[]): Promise<void> {
    const listed = (await adapter.listKeys(userId)).map(fieldsOf)
    expectEqual(`listKeys(${format(userId)})`, listed.map(format).sort(), keys.map(fieldsOf).map(format).sort())
  }

  /** Throws unless the store holds user `n` as inserted. */
  async function expectUser(id: UserId, n: number): Promise<void> {
    expectRow(await adapter.findUser(id), id, usernameOf(n))
  }

  /** Throws if the store has such a user. */
  async function expectNoUser(id: UserId): Promise<void> {
    expectEqual(`findUser(${format(id)})`, await adapter.findUser(id), null)
  }

  return { addKey, expectKey, expectNoKey, expectKeys, expectUser, expectNoUser }
}

function fieldsOf({ providerId, providerUserId, userId, passwordHash }: KeyRecord): KeyRecord {
  return { providerId, providerUserId, userId, passwordHash }
}
