import { AuthError } from "../core/errors.ts"
import type { UserAdapter, UserId } from "../core/ports.ts"
import { hashNew } from "./guarded-hasher.ts"
import type { UsersParts } from "./parts.ts"

type Store = Pick<UserAdapter<object>, "listKeys" | "replaceKeyPassword" | "replaceUserPasswords">

const maxSwaps = 10

/** Changes a user's password, and ends the user's sessions. */
export function passwordChange(store: Store, parts: UsersParts) {
  const { emit, passwordProviders } = parts

  async function updateUserPassword(
    { userId, password }: { userId: UserId; password: string },
    { except }: { except?: string | undefined } = {},
  ) {
    const made = await hashNew(password, parts)
    if ("reason" in made) return { updated: false, reason: made.reason } as const
    const isReplaced = await store.replaceUserPasswords(userId, passwordProviders, made.passwordHash, except)
    if (!isReplaced) return { updated: false, reason: "key_missing" } as const
    // Once more, for a sign-in that stored its session while the change was not committed yet.
    await endSessions(userId, except)
    emit("password_changed", { userId })
    return { updated: true } as const
  }

  // With a swap that changes nothing: another change, or a re-hash, may have come between.
  async function endSessions(userId: UserId, exceptId?: string) {
    for (let round = 0; round < maxSwaps; round++) {
      const [key] = await store.listKeys(userId)
      if (!key) return
      if (await store.replaceKeyPassword(key, key.passwordHash, key.passwordHash, { exceptId })) return
    }
    throw new AuthError("store_failed", "The user's key kept changing while sessions were being ended.")
  }

  return { updateUserPassword }
}
