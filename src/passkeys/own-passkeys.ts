import { checkOption, checkOptions } from "../core/options.ts"
import type { UserId } from "../core/ports.ts"
import { deleteInBatches } from "../platform/batches.ts"
import { resetsPort } from "../proof/resets.ts"
import { handleOfUser, toPasskey } from "./parts.ts"
import type { PasskeyParts, PasskeyStore } from "./parts.ts"
import { isName } from "./registration.ts"
import { isPasskeyId } from "./responses.ts"

/** Lists, renames and deletes the passkeys of users. */
export function ownPasskeys(store: PasskeyStore, parts: PasskeyParts) {
  async function deletePasskey({ userId, id }: { userId: UserId; id: unknown }): Promise<boolean> {
    const isDeleted = isPasskeyId(id) && (await store.deletePasskey({ userId, id }))
    if (isDeleted) parts.emit("passkey_removed", { userId })
    return isDeleted
  }

  return {
    deletePasskey,
    async listPasskeys(userId: UserId) {
      return (await store.listPasskeys(userId)).map(toPasskey)
    },
    async renamePasskey({ userId, id, name }: { userId: UserId; id: unknown; name: unknown }): Promise<boolean> {
      return isPasskeyId(id) && isName(name) && store.renamePasskey({ userId, id, name })
    },
    userHandleOf: (userId: UserId) => handleOfUser(userId, parts),
    async factorsOf(userId: UserId) {
      return (await store.listPasskeys(userId)).slice(0, 1).map(() => "passkey" as const)
    },
    async resetUser(userId: UserId): Promise<void> {
      for (const { id } of await store.listPasskeys(userId)) await deletePasskey({ userId, id })
    },
    async cleanUp(limits: { limit?: number | undefined } = {}): Promise<number> {
      checkOptions("cleanUp()", limits, "limit")
      const { limit = Infinity } = limits
      checkOption("limit", limit, limit > 0, "is not a number of tokens; use 1 or more")
      // The day's margin is for servers with a fast clock, which must not delete what others still accept.
      const before = new Date(parts.now() - 86_400_000)
      return deleteInBatches((batch) => store.deleteExpiredTokens(before, batch), limit)
    },
    [resetsPort]: "listPasskeys",
  }
}
