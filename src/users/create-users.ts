import { guardPort } from "../core/errors.ts"
import { createEmitter } from "../core/events.ts"
import { checkOption, checkOptions } from "../core/options.ts"
import type { UserAdapter, UserId } from "../core/ports.ts"
import { checkPassword, checkPolicy } from "../password/check-password.ts"
import { ask } from "../proof/proof.ts"
import { accessReset } from "./access-reset.ts"
import { guardResets, requireResets } from "./reset-modules.ts"
import { guardHasher } from "./guarded-hasher.ts"
import { keyIds } from "./key-finder.ts"
import { checkProviderId } from "./key-id.ts"
import type { UsersParts, UserStore } from "./parts.ts"
import { passwordChange } from "./password-change.ts"
import { endingTokensOfAddress } from "./pending-tokens.ts"
import { passwordSignIn } from "./sign-in.ts"
import { signUp } from "./sign-up.ts"
import { userKeys } from "./user-keys.ts"
import { evidenceReader } from "./user-proofs.ts"
import type { Users, UsersOptions } from "./users.ts"

const port = [
  "insertUser",
  "findUser",
  "updateUser",
  "deleteUser",
  "insertKey",
  "findKey",
  "listKeys",
  "replaceKeyPassword",
  "replaceUserPasswords",
  "renameKey",
  "deleteKey",
] as const

/**
 * Creates an instance that manages users and the keys they sign in with.
 *
 * Throws `missing_port` if the adapter or the hasher lacks a method, or `resets` lacks a required module. Throws
 * `invalid_option` if an option is invalid.
 *
 * @example
 * const users = createUsers({ adapter, passwordHasher: argon2id() })
 * const created = await users.createUser({
 *   key: { providerId: "username", providerUserId: username, password },
 *   attributes: { username },
 * })
 * if (!created.user) return badRequest(created.reason)
 * const signedIn = await users.signInWithPassword(auth, { providerId: "username", providerUserId: username, password })
 */
export function createUsers<UserRow extends { id: UserId }, NewUser = Partial<UserRow>>(
  options: UsersOptions<UserRow, NewUser>,
): Users<UserRow, NewUser> {
  type Id = UserRow["id"]

  checkOptions(
    "createUsers()",
    options,
    "adapter",
    "passwordHasher",
    "passwordPolicy",
    "passwordProviders",
    "generateUserId",
    "realm",
    "auth",
    "resets",
    "onEvent",
    "now",
  )
  const { passwordPolicy, passwordProviders = ["username", "email"], realm = "user", now = Date.now } = options
  const emit = createEmitter(options.onEvent, now)
  passwordProviders.forEach(checkProviderId)
  checkPolicy(passwordPolicy)
  checkOption("realm", realm, typeof realm === "string" && realm !== "", 'is not a name; use text such as "user"')
  const parts: UsersParts<Id> = {
    ...guardHasher(options.passwordHasher),
    auth: options.auth && guardPort(options.auth, ["getUserSessions", "invalidateSession"], "auth"),
    emit,
    ids: keyIds(passwordProviders),
    passwordPolicy,
    passwordProviders,
    realm,
    resets: guardResets(options.resets),
  }

  return over(options.adapter)

  function over(given: UserAdapter<UserRow, NewUser>): Users<UserRow, NewUser> {
    const adapter = guarded(given)
    requireResets(parts.resets, given)

    async function updateUser(id: Id, attributes: Partial<NewUser>) {
      const outcome = await endingTokensOfAddress(adapter, id, attributes, () => adapter.updateUser(id, attributes))
      if (outcome === "updated") return { updated: true } as const
      return { updated: false, reason: outcome === "taken" ? "attribute_taken" : "user_missing" } as const
    }

    async function deleteUser(id: Id) {
      await adapter.deleteUser(id)
      emit("user_deleted", { userId: id })
    }

    return {
      ...signUp(adapter, parts, options.generateUserId),
      getUser: (id) => adapter.findUser(id),
      updateUser,
      deleteUser,
      ...userKeys(adapter, parts),
      ...passwordSignIn<Id>(adapter, parts),
      ...passwordChange(adapter, parts),
      ...accessReset(adapter, parts),
      checkPassword: (password) => checkPassword(password, passwordPolicy),
      [ask]: evidenceReader(adapter),
      withAdapter: (other) => over(other),
    }
  }
}

const optional = [
  "generateUserId",
  "deleteTokens",
  "deleteTotp",
  "listPasskeys",
  "deletePasskey",
  "deletePasskeys",
] as const

function guarded<UserRow, NewUser>(adapter: UserStore<UserRow, NewUser>): UserStore<UserRow, NewUser> {
  return guardPort(adapter, [...port, ...optional.filter((name) => adapter?.[name])])
}
