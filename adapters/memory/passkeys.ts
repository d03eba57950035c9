import type { UserId } from "../../src/core/ports.ts"
import type { OwnedPasskey, PasskeyAdapter, PasskeyRecord } from "../../src/passkeys/passkey-port.ts"

/** Stores passkeys in a map by id. `requireUser` throws for a user who does not exist. */
export function memoryPasskeys(
  passkeys: Map<string, PasskeyRecord>,
  requireUser: (id: UserId) => void,
): Required<PasskeyAdapter> {
  function own({ userId, id }: OwnedPasskey): PasskeyRecord | undefined {
    const passkey = passkeys.get(id)
    return passkey?.userId === userId ? passkey : undefined
  }

  function ownedBy(userId: UserId): PasskeyRecord[] {
    return [...passkeys.values()].filter((passkey) => passkey.userId === userId)
  }

  return {
    async insertPasskey(passkey) {
      if (passkeys.has(passkey.id)) return false
      requireUser(passkey.userId)
      passkeys.set(passkey.id, structuredClone(passkey))
      return true
    },
    async findPasskey(id) {
      return structuredClone(passkeys.get(id) ?? null)
    },
    async listPasskeys(userId) {
      return structuredClone(ownedBy(userId).sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime()))
    },
    async recordPasskeyUse(id, from, to) {
      const passkey = passkeys.get(id)
      if (!passkey || passkey.signCount !== from.signCount) return false
      const { signCount, backedUp, usedAt } = structuredClone(to)
      Object.assign(passkey, { signCount, backedUp, usedAt })
      return true
    },
    async renamePasskey({ name, ...owned }) {
      const passkey = own(owned)
      if (passkey) passkey.name = name
      return passkey !== undefined
    },
    async deletePasskey(owned) {
      return own(owned) !== undefined && passkeys.delete(owned.id)
    },
    async deletePasskeys(userId) {
      return ownedBy(userId).filter(({ id }) => passkeys.delete(id)).length
    },
  }
}
