import { AuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { hashNew } from "./guarded-hasher.ts"
import type { UsersParts, UserStore } from "./parts.ts"
import { endingTokens } from "./pending-tokens.ts"

type Store = Pick<
  UserStore<object, object>,
  "deleteTokens" | "listKeys" | "replaceKeyPassword" | "replaceUserPasswords"
>

const maxSwaps = 10

/** Changes a user's password, and ends the user's sessions and tokens. */
export function passwordChange(store: Store, parts: UsersParts) {
  const { emit, passwordProviders } = parts

  async function updateUserPassword(
    { userId, password }: { userId: UserId; password: unknown },
    options: { except?: string | undefined } = {},
  ) {
    checkOptions("updateUserPassword()", options, "except")
    const made = await hashNew(password, parts)
    if ("reason" in made) return { updated: false, reason: made.reason } as const
    const isReplaced = await endingTokens(store, userId, () => replace(userId, made.passwordHash, options.except))
    if (!isReplaced) return { updated: false, reason: "key_missing" } as const
    emit("password_changed", { userId })
    return { updated: true } as const
  }

  async function replace(userId: UserId, passwordHash: string, exceptId?: string): Promise<boolean> {
    if (!(await store.replaceUserPasswords(userId, passwordProviders, passwordHash, exceptId))) return false
    // Again, for a sign-in that stored its session before the change was committed.
    await endSessions(userId, exceptId)
    return true
  }

  // Swaps a hash for itself, which ends the sessions. It fails if another change or a re-hash comes between.
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
