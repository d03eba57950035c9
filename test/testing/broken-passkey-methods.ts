import { AuthError } from "../../src/core/errors.ts"
import type { OwnedPasskey, PasskeyRecord } from "../../src/passkeys/passkey-port.ts"
import type { Bug, Store } from "./broken-adapter.ts"
import { gathered } from "./broken-adapter.ts"

/** Bugs of the passkey port, each breaking one rule of it. */
export const passkeyBugs: Record<string, Bug> = {
  "insertPasskey loses the milliseconds of its creation": inserting((passkey) => ({
    ...passkey,
    createdAt: inSeconds(passkey.createdAt),
  })),
  "insertPasskey loses the milliseconds of its use": inserting((passkey) => ({
    ...passkey,
    usedAt: passkey.usedAt && inSeconds(passkey.usedAt),
  })),
  "insertPasskey loses when it was used": inserting((passkey) => ({ ...passkey, usedAt: null })),
  "insertPasskey says that it was used when it was created": inserting((passkey) => ({
    ...passkey,
    usedAt: passkey.usedAt ?? passkey.createdAt,
  })),
  "insertPasskey goes by the clock of this machine": inserting((passkey) => ({ ...passkey, createdAt: new Date() })),
  "findPasskey reads times as numbers": finding((passkey) => ({
    ...passkey,
    createdAt: passkey.createdAt.getTime() as unknown as Date,
  })),
  "findPasskey reads whether it is backed up as a number": finding((passkey) => ({
    ...passkey,
    backedUp: Number(passkey.backedUp) as unknown as boolean,
  })),
  "findPasskey reads counters as text": finding((passkey) => ({
    ...passkey,
    signCount: String(passkey.signCount) as unknown as number,
  })),
  "findPasskey reads no transports as one without a name": finding((passkey) => ({
    ...passkey,
    transports: passkey.transports.join(" ").split(" "),
  })),
  "insertPasskey cuts ids at 255 characters": cuttingIds(255),
  "insertPasskey cuts ids at 1,363 characters": cuttingIds(1363),
  "insertPasskey refuses ids of more than 1,000 characters": (store) => ({
    async insertPasskey(passkey) {
      if (passkey.id.length > 1000) throw new AuthError("store_failed", "The id is too long.")
      return store.insertPasskey(passkey)
    },
  }),
  "insertPasskey keeps ids in lower case": renaming((id) => id.toLowerCase()),
  "insertPasskey takes ids for base64, without - and _": renaming((id) => id.replaceAll(/[-_]/g, "")),
  "insertPasskey cuts public keys at 1,024 characters": inserting((passkey) => ({
    ...passkey,
    publicKey: passkey.publicKey.slice(0, 1024),
  })),
  "insertPasskey takes every key for ES256": inserting((passkey) => ({ ...passkey, algorithm: -7 })),
  "insertPasskey counts in signed 32 bits": inserting((passkey) => ({ ...passkey, signCount: passkey.signCount | 0 })),
  "insertPasskey starts the counter at 0": inserting((passkey) => ({ ...passkey, signCount: 0 })),
  "insertPasskey takes what can be backed up for backed up": inserting((passkey) => ({
    ...passkey,
    backedUp: passkey.backupEligible,
  })),
  "insertPasskey takes what is not backed up for what cannot be": inserting((passkey) => ({
    ...passkey,
    backupEligible: passkey.backedUp,
  })),
  "insertPasskey sorts transports": inserting((passkey) => ({ ...passkey, transports: passkey.transports.toSorted() })),
  "insertPasskey keeps the transports that it knows": inserting((passkey) => ({
    ...passkey,
    transports: passkey.transports.filter((one) => ["usb", "nfc", "ble", "hybrid", "internal"].includes(one)),
  })),
  "insertPasskey cuts transports at 255 bytes": inserting((passkey) => ({
    ...passkey,
    transports: passkey.transports.join(" ").slice(0, 255).split(" ").filter(Boolean),
  })),
  "insertPasskey trims names": inserting((passkey) => ({ ...passkey, name: passkey.name.trim() })),
  "insertPasskey cuts names at 64 characters": inserting((passkey) => ({
    ...passkey,
    name: passkey.name.slice(0, 64),
  })),
  "insertPasskey drops what is beyond the basic plane of names": inserting((passkey) => ({
    ...passkey,
    name: passkey.name.replaceAll(/[\u{10000}-\u{10FFFF}]/gu, "?"),
  })),
  "insertPasskey stops at a NUL": inserting((passkey) => ({ ...passkey, name: passkey.name.split("\0")[0] ?? "" })),
  "insertPasskey loses the kind of the authenticator": inserting((passkey) => ({
    ...passkey,
    aaguid: "00000000-0000-0000-0000-000000000000",
  })),
  "insertPasskey replaces one of the same id": (store) => ({
    async insertPasskey(passkey) {
      const found = await store.findPasskey(passkey.id)
      if (found) await store.deletePasskey(found)
      return store.insertPasskey(passkey)
    },
  }),
  "insertPasskey says true for the owner's id": (store) => ({
    async insertPasskey(passkey) {
      const found = await store.findPasskey(passkey.id)
      return found?.userId === passkey.userId || store.insertPasskey(passkey)
    },
  }),
  "insertPasskey rejects an id that is taken": (store) => ({
    async insertPasskey(passkey) {
      if (await store.insertPasskey(passkey)) return true
      throw new AuthError("store_failed", "The id is taken.")
    },
  }),
  "insertPasskey looks for the id, then stores": (store) => ({
    async insertPasskey(passkey) {
      if (await store.findPasskey(passkey.id)) return false
      await store.insertPasskey(passkey)
      return true
    },
  }),
  "insertPasskey says false for a user who is missing": (store) => ({
    insertPasskey: (passkey) => store.insertPasskey(passkey).catch(() => false),
  }),
  "insertPasskey stores what it was given, not a copy": (store) => {
    const given = new Map<string, PasskeyRecord>()
    return {
      async insertPasskey(passkey) {
        if (!(await store.insertPasskey(passkey))) return false
        given.set(passkey.id, passkey)
        return true
      },
      async findPasskey(id) {
        const found = await store.findPasskey(id)
        const times = given.get(id)
        return found && times ? { ...found, createdAt: new Date(times.createdAt) } : found
      },
    }
  },
  "findPasskey hands out the row itself": (store) => {
    const rows = new Map<string, PasskeyRecord>()
    return {
      async findPasskey(id) {
        const found = await store.findPasskey(id)
        const row = rows.get(id)
        if (!found || row) return found && row ? { ...found, transports: row.transports } : found
        rows.set(id, found)
        return found
      },
    }
  },
  "findPasskey is undefined for an unknown id": (store) => ({
    findPasskey: async (id) => (await store.findPasskey(id)) ?? (undefined as unknown as null),
  }),
  "findPasskey ignores case": (store) => {
    const ids: string[] = []
    return {
      insertPasskey: (passkey) => (ids.push(passkey.id), store.insertPasskey(passkey)),
      async findPasskey(id) {
        const exact = await store.findPasskey(id)
        const alike = ids.find((one) => one.toLowerCase() === String(id).toLowerCase())
        return exact ?? (alike === undefined ? null : store.findPasskey(alike))
      },
    }
  },
  "findPasskey takes an array": (store) => ({ findPasskey: async (id) => store.findPasskey(String(id)) }),
  "findPasskey asks for everybody in one caller's context": (store) => ({ findPasskey: gathered(store.findPasskey) }),

  "listPasskeys lists the oldest first": listing((passkeys) => passkeys.toReversed()),
  "listPasskeys lists in the order of ids": listing((passkeys) =>
    passkeys.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id))),
  ),
  "listPasskeys lists those of the last second in any order": listing((passkeys) =>
    passkeys
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .toSorted((a, b) => inSeconds(b.createdAt).getTime() - inSeconds(a.createdAt).getTime()),
  ),
  "listPasskeys lists 20 at most": listing((passkeys) => passkeys.slice(0, 20)),
  "listPasskeys lists those that were never used": listing((passkeys) => passkeys.filter(({ usedAt }) => !usedAt)),
  "listPasskeys ignores the user": (store) => ({
    async listPasskeys(userId) {
      const listed = await Promise.all([userId, "user-1"].map((id) => store.listPasskeys(id)))
      return listed.flat()
    },
  }),
  "listPasskeys ignores the user's case": (store) => ({
    listPasskeys: async (userId) => store.listPasskeys(String(userId).toLowerCase()),
  }),

  "recordPasskeyUse ignores the counter": (store) => ({
    async recordPasskeyUse(id, _from, to) {
      const found = await store.findPasskey(id)
      return found !== null && store.recordPasskeyUse(id, found, to)
    },
  }),
  "recordPasskeyUse takes every counter that is no higher": (store) => ({
    async recordPasskeyUse(id, from, to) {
      const found = await store.findPasskey(id)
      return found !== null && found.signCount <= from.signCount && store.recordPasskeyUse(id, found, to)
    },
  }),
  "recordPasskeyUse takes every counter that rises": (store) => ({
    async recordPasskeyUse(id, _from, to) {
      const found = await store.findPasskey(id)
      return found !== null && found.signCount < to.signCount && store.recordPasskeyUse(id, found, to)
    },
  }),
  "recordPasskeyUse refuses a counter that does not rise": (store) => ({
    recordPasskeyUse: async (id, from, to) => to.signCount > from.signCount && store.recordPasskeyUse(id, from, to),
  }),
  "recordPasskeyUse is false if nothing changes": (store) => ({
    async recordPasskeyUse(id, from, to) {
      const found = await store.findPasskey(id)
      const isSame = found?.usedAt?.getTime() === to.usedAt.getTime() && found.signCount === to.signCount
      return (await store.recordPasskeyUse(id, from, to)) && !isSame
    },
  }),
  "recordPasskeyUse reads, then writes": (store) => ({
    async recordPasskeyUse(id, from, to) {
      const found = await store.findPasskey(id)
      if (!found || found.signCount !== from.signCount) return false
      // By then it may be what another caller has made it.
      return (await store.recordPasskeyUse(id, from, to)) || store.recordPasskeyUse(id, to, to)
    },
  }),
  "recordPasskeyUse reads a row, then writes all of it": (store) => ({
    async recordPasskeyUse(id, from, to) {
      const found = await store.findPasskey(id)
      if (!found || found.signCount !== from.signCount) return false
      if (!(await store.recordPasskeyUse(id, from, to))) return false
      return store.renamePasskey(found)
    },
  }),
  "recordPasskeyUse is an upsert": (store) => ({
    async recordPasskeyUse(id, from, to) {
      const found = await store.findPasskey(id)
      if (!found || found.signCount !== from.signCount) return false
      if (!(await store.recordPasskeyUse(id, from, to))) await store.insertPasskey({ ...found, ...to })
      return true
    },
  }),
  "recordPasskeyUse loses the counter": using((to, { signCount }) => ({ ...to, signCount })),
  "recordPasskeyUse counts in signed 32 bits": using((to) => ({ ...to, signCount: to.signCount | 0 })),
  "recordPasskeyUse loses the backup": using((to, { backedUp }) => ({ ...to, backedUp })),
  "recordPasskeyUse loses the milliseconds": using((to) => ({ ...to, usedAt: inSeconds(to.usedAt) })),
  "recordPasskeyUse goes by the clock of this machine": using((to) => ({ ...to, usedAt: new Date() })),
  "recordPasskeyUse takes an array": (store) => ({
    recordPasskeyUse: async (id, ...rest) => store.recordPasskeyUse(String(id), ...rest),
  }),

  "renamePasskey ignores the owner": (store) => ({
    async renamePasskey({ id, name }) {
      const found = await store.findPasskey(id)
      return found !== null && store.renamePasskey({ ...found, name })
    },
  }),
  "renamePasskey renames another user's, and says false": (store) => ({
    async renamePasskey({ userId, id, name }) {
      const found = await store.findPasskey(id)
      if (found) await store.renamePasskey({ ...found, name })
      return found?.userId === userId
    },
  }),
  "renamePasskey is true for another user's of that name": (store) => ({
    async renamePasskey(passkey) {
      const found = await store.findPasskey(passkey.id)
      return found?.name === passkey.name || store.renamePasskey(passkey)
    },
  }),
  "renamePasskey is false for the same name": (store) => ({
    async renamePasskey(passkey) {
      const found = await store.findPasskey(passkey.id)
      return (await store.renamePasskey(passkey)) && found?.name !== passkey.name
    },
  }),
  "renamePasskey renames all of the user's": (store) => ({
    async renamePasskey(passkey) {
      const renamed = await store.renamePasskey(passkey)
      if (renamed) for (const one of await store.listPasskeys(passkey.userId)) await renameTo(store, one, passkey.name)
      return renamed
    },
  }),
  "renamePasskey trims the name": (store) => ({
    renamePasskey: (passkey) => store.renamePasskey({ ...passkey, name: passkey.name.trim() }),
  }),
  "renamePasskey cuts the name": (store) => ({
    renamePasskey: (passkey) => store.renamePasskey({ ...passkey, name: passkey.name.slice(0, 200) }),
  }),
  "renamePasskey takes an empty name for none": (store) => ({
    renamePasskey: async (passkey) => passkey.name === "" || store.renamePasskey(passkey),
  }),
  "renamePasskey ignores the owner's case": owned((store, passkey) => ({
    renamePasskey: (renamed) => store.renamePasskey({ ...renamed, ...passkey(renamed) }),
  })),

  "deletePasskey ignores the owner": (store) => ({
    async deletePasskey({ id }) {
      const found = await store.findPasskey(id)
      return found !== null && store.deletePasskey(found)
    },
  }),
  "deletePasskey deletes another user's, and says false": (store) => ({
    async deletePasskey(passkey) {
      const found = await store.findPasskey(passkey.id)
      if (found) await store.deletePasskey(found)
      return found?.userId === passkey.userId
    },
  }),
  "deletePasskey always says true": (store) => ({
    deletePasskey: async (passkey) => (await store.deletePasskey(passkey)) || true,
  }),
  "deletePasskey deletes all of the user's": (store) => ({
    async deletePasskey(passkey) {
      const deleted = await store.deletePasskey(passkey)
      if (deleted) for (const one of await store.listPasskeys(passkey.userId)) await store.deletePasskey(one)
      return deleted
    },
  }),
  "deletePasskey looks, then deletes": (store) => ({
    async deletePasskey(passkey) {
      const found = await store.findPasskey(passkey.id)
      if (found?.userId !== passkey.userId) return false
      await store.deletePasskey(passkey)
      return true
    },
  }),
  "deletePasskey ignores the owner's case": owned((store, passkey) => ({
    deletePasskey: (deleted) => store.deletePasskey(passkey(deleted)),
  })),
  "deletePasskey takes an array": (store) => ({
    deletePasskey: ({ userId, id }) => store.deletePasskey({ userId, id: String(id) }),
  }),
  "deletePasskey takes an array for the owner": (store) => ({
    deletePasskey: ({ userId, id }) => store.deletePasskey({ userId: String(userId), id }),
  }),
  "deletePasskeys deletes the newest only": (store) => ({
    async deletePasskeys(userId) {
      const [newest] = await store.listPasskeys(userId)
      return newest && (await store.deletePasskey(newest)) ? 1 : 0
    },
  }),
  "deletePasskeys says how many there were of everybody": (store) => ({
    deletePasskeys: async (userId) =>
      ((await store.deletePasskeys?.(userId)) ?? 0) + (await store.listPasskeys("user-2")).length,
  }),
  "deletePasskeys ignores the user's case": (store) => ({
    deletePasskeys: async (userId) => (await store.deletePasskeys?.(String(userId).toLowerCase())) ?? 0,
  }),
  "deleteUser leaves passkeys": (store) => {
    const kept = new Map<string, PasskeyRecord>()
    return {
      async deleteUser(userId) {
        for (const passkey of await store.listPasskeys(userId)) kept.set(passkey.id, passkey)
        await store.deleteUser(userId)
      },
      findPasskey: async (id) => kept.get(id) ?? store.findPasskey(id),
    }
  },
  "deleteUser leaves the ids of passkeys taken": (store) => {
    const taken = new Set<string>()
    return {
      async deleteUser(userId) {
        for (const { id } of await store.listPasskeys(userId)) taken.add(id)
        await store.deleteUser(userId)
      },
      insertPasskey: async (passkey) => !taken.has(passkey.id) && store.insertPasskey(passkey),
    }
  },
  "deleteKey counts no passkeys": (store) => ({
    async deleteKey(key, options) {
      const isLast = (await store.listKeys(key.userId)).length === 1
      return isLast && !options?.evenLast && (await store.findKey(key.providerId, key.providerUserId))
        ? "last_key"
        : store.deleteKey(key, options)
    },
  }),
  "deleteKey counts everybody's passkeys": (store) => ({
    async deleteKey(key, options) {
      const others = await Promise.all(["user-1", "user-2"].map((id) => store.listPasskeys(id)))
      return store.deleteKey(key, { ...options, ...(others.flat().length > 0 && { evenLast: true }) })
    },
  }),
  "deleteKey counts passkeys that were deleted": (store) => {
    const counted = new Set<unknown>()
    return {
      insertPasskey: (passkey) => (counted.add(passkey.userId), store.insertPasskey(passkey)),
      deleteKey: (key, options) =>
        store.deleteKey(key, { ...options, ...(counted.has(key.userId) && { evenLast: true }) }),
    }
  },
  "deleteKey deletes the passkeys too": (store) => ({
    async deleteKey(key, options) {
      const outcome = await store.deleteKey(key, options)
      for (const passkey of await store.listPasskeys(key.userId)) await store.deletePasskey(passkey)
      return outcome
    },
  }),
  "passkey methods are inherited": (store) => Object.assign(Object.create(store), { spread: false }),
}

function inSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000)
}

/** A bug that stores another passkey than it was given. */
function inserting(change: (passkey: PasskeyRecord) => PasskeyRecord): Bug {
  return (store) => ({ insertPasskey: (passkey) => store.insertPasskey(change(passkey)) })
}

function finding(change: (passkey: PasskeyRecord) => PasskeyRecord): Bug {
  return (store) => ({
    async findPasskey(id) {
      const found = await store.findPasskey(id)
      return found && change(found)
    },
  })
}

function listing(change: (passkeys: PasskeyRecord[]) => PasskeyRecord[]): Bug {
  return (store) => ({ listPasskeys: async (userId) => change(await store.listPasskeys(userId)) })
}

/** A bug that records another use than it was told. */
function using(change: (to: Parameters<Store["recordPasskeyUse"]>[2], passkey: PasskeyRecord) => typeof to): Bug {
  return (store) => ({
    async recordPasskeyUse(id, from, to) {
      const found = await store.findPasskey(id)
      return found !== null && store.recordPasskeyUse(id, from, change(to, found))
    },
  })
}

/** A bug of a store whose column of ids compares something else than was given, as a collation or a short column does. */
function renaming(change: (id: string) => string): Bug {
  return (store) => {
    const given = new Map<string, string>()
    return {
      async insertPasskey(passkey) {
        const inserted = await store.insertPasskey({ ...passkey, id: change(passkey.id) })
        if (inserted) given.set(change(passkey.id), passkey.id)
        return inserted
      },
      async findPasskey(id) {
        const found = await store.findPasskey(typeof id === "string" ? change(id) : id)
        return found && { ...found, id: given.get(found.id) ?? found.id }
      },
    }
  }
}

function cuttingIds(length: number): Bug {
  return renaming((id) => id.slice(0, length))
}

/** A bug that compares owners without case. */
function owned(methods: (store: Store, lower: (passkey: OwnedPasskey) => OwnedPasskey) => Partial<Store>): Bug {
  return (store) => methods(store, ({ userId, id }) => ({ userId: String(userId).toLowerCase(), id }))
}

async function renameTo(store: Store, { userId, id }: OwnedPasskey, name: string): Promise<void> {
  await store.renamePasskey({ userId, id, name })
}
