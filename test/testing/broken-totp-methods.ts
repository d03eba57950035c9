import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { TotpRecord } from "../../src/totp/totp-port.ts"
import type { Bug, Store } from "./broken-adapter.ts"
import { gathered } from "./broken-adapter.ts"

/** Bugs of the TOTP port, each breaking one rule of it. */
export const totpBugs: Record<string, Bug> = {
  "insertTotp keeps one authenticator for all users": (store) => ({
    insertTotp: (_userId, ...rest) => store.insertTotp("user-1", ...rest),
    findTotp: () => store.findTotp("user-1"),
  }),
  "insertTotp keeps secrets unique": (store) => {
    const secrets = new Set<string>()
    return {
      async insertTotp(userId, secret, ...rest) {
        if (secrets.has(secret)) return false
        secrets.add(secret)
        return store.insertTotp(userId, secret, ...rest)
      },
    }
  },
  "insertTotp trims secrets": inserting((totp) => ({ ...totp, secret: totp.secret.trim() })),
  "insertTotp cuts secrets at 255 characters": inserting((totp) => ({ ...totp, secret: totp.secret.slice(0, 255) })),
  "insertTotp cuts secrets at 255 code points": inserting((totp) => ({
    ...totp,
    secret: [...totp.secret].slice(0, 255).join(""),
  })),
  "insertTotp normalizes secrets": inserting((totp) => ({ ...totp, secret: totp.secret.normalize("NFC") })),
  "insertTotp stops at a NUL": inserting((totp) => ({ ...totp, secret: totp.secret.split("\0")[0] ?? "" })),
  "insertTotp starts at step 0": inserting((totp) => ({ ...totp, usedStep: 0 })),
  "insertTotp counts steps in 32 bits": inserting((totp) => ({ ...totp, usedStep: totp.usedStep | 0 })),
  "findTotp reads steps as text": (store) => ({
    async findTotp(userId) {
      const totp = await store.findTotp(userId)
      return totp && { ...totp, usedStep: String(totp.usedStep) as unknown as number }
    },
  }),
  "insertTotp always replaces": (store) => ({
    insertTotp: (userId, secret, usedStep) => store.insertTotp(userId, secret, usedStep, true),
  }),
  "insertTotp never replaces": (store) => ({
    insertTotp: (userId, secret, usedStep) => store.insertTotp(userId, secret, usedStep, false),
  }),
  "insertTotp replaces the secret, and keeps the step": (store) => ({
    async insertTotp(userId, secret, usedStep, replace) {
      const old = replace ? await store.findTotp(userId) : null
      return store.insertTotp(userId, secret, old?.usedStep ?? usedStep, replace)
    },
  }),
  "insertTotp replaces only an authenticator of an earlier step": (store) => ({
    async insertTotp(userId, secret, usedStep, replace) {
      const old = await store.findTotp(userId)
      return store.insertTotp(userId, secret, usedStep, replace && (!old || old.usedStep <= usedStep))
    },
  }),
  "insertTotp with replace is false if nothing changes": (store) => ({
    async insertTotp(userId, secret, usedStep, replace) {
      const old = await store.findTotp(userId)
      const isSame = old?.secret === secret && old.usedStep === usedStep
      return (await store.insertTotp(userId, secret, usedStep, replace)) && !isSame
    },
  }),
  "insertTotp with replace needs one to replace": (store) => ({
    async insertTotp(userId, secret, usedStep, replace) {
      if (replace && !(await store.findTotp(userId))) return false
      return store.insertTotp(userId, secret, usedStep, replace)
    },
  }),
  "insertTotp ignores ifSecret": (store) => ({
    insertTotp: (userId, secret, usedStep, replace) => store.insertTotp(userId, secret, usedStep, replace),
  }),
  "insertTotp with ifSecret takes later steps only": (store) => ({
    insertTotp: (userId, secret, usedStep, replace, ifSecret) =>
      replace && ifSecret !== undefined
        ? store.takeStep(userId, usedStep, secret, ifSecret)
        : store.insertTotp(userId, secret, usedStep, replace),
  }),
  "insertTotp rejects if there is one": (store) => ({
    async insertTotp(...args) {
      if (await store.insertTotp(...args)) return true
      throw new AuthError("store_failed", "The user has an authenticator.")
    },
  }),
  "insertTotp looks for one, then stores": (store) => ({
    async insertTotp(userId, secret, usedStep, replace) {
      if (!replace && (await store.findTotp(userId))) return false
      return store.insertTotp(userId, secret, usedStep, true)
    },
  }),
  "insertTotp says false for a user who is missing": (store) => ({
    insertTotp: (...args) => store.insertTotp(...args).catch(() => false),
  }),
  "insertTotp with replace stores for a user who is missing": (store) => {
    const orphans = new Map<UserId, TotpRecord>()
    return {
      async insertTotp(userId, secret, usedStep, replace) {
        if (!replace || (await store.findUser(userId))) return store.insertTotp(userId, secret, usedStep, replace)
        orphans.set(userId, { secret, usedStep })
        return true
      },
      findTotp: async (userId) => orphans.get(userId) ?? store.findTotp(userId),
    }
  },
  "findTotp rejects if there is none": (store) => ({
    async findTotp(userId) {
      const totp = await store.findTotp(userId)
      if (totp) return totp
      throw new AuthError("store_failed", "There is no authenticator.")
    },
  }),
  "findTotp is undefined if there is none": (store) => ({
    findTotp: async (userId) => (await store.findTotp(userId)) ?? (undefined as unknown as null),
  }),
  "findTotp hands out the row itself": (store) => {
    const rows = new Map<UserId, TotpRecord | null>()
    const dropped = <Args extends [UserId, ...unknown[]], Result>(call: (...args: Args) => Result) => {
      return (...args: Args): Result => {
        rows.delete(args[0])
        return call(...args)
      }
    }
    return {
      async findTotp(userId) {
        if (!rows.has(userId)) rows.set(userId, await store.findTotp(userId))
        return rows.get(userId) ?? null
      },
      insertTotp: dropped(store.insertTotp),
      takeStep: dropped(store.takeStep),
      deleteTotp: dropped(store.deleteTotp),
      deleteUser: dropped(store.deleteUser),
    }
  },
  "findTotp ignores case": (store) => ({
    findTotp: async (userId) => store.findTotp(typeof userId === "string" ? userId.toLowerCase() : userId),
  }),
  "findTotp takes an array": (store) => ({ findTotp: (userId) => store.findTotp(String(userId)) }),

  "takeStep takes the same step again": (store) => ({
    async takeStep(userId, step, ...rest) {
      const totp = await store.findTotp(userId)
      return totp?.usedStep === step || store.takeStep(userId, step, ...rest)
    },
  }),
  "takeStep takes any step but the last one": (store) => ({
    async takeStep(userId, step, resealed, ifSecret) {
      const totp = await store.findTotp(userId)
      if (!totp || totp.usedStep === step || (ifSecret !== undefined && totp.secret !== ifSecret)) return false
      return store.insertTotp(userId, resealed ?? totp.secret, step, true)
    },
  }),
  "takeStep takes the next step only": (store) => ({
    async takeStep(userId, step, ...rest) {
      const totp = await store.findTotp(userId)
      return totp?.usedStep === step - 1 && store.takeStep(userId, step, ...rest)
    },
  }),
  "takeStep says true, and stores nothing": (store) => ({
    takeStep: async (userId, step) => ((await store.findTotp(userId))?.usedStep ?? step) < step,
  }),
  "takeStep counts in 32 bits": (store) => ({
    takeStep: (userId, step, ...rest) => store.takeStep(userId, step | 0, ...rest),
  }),
  "takeStep moves on by one": (store) => ({
    async takeStep(userId, step, resealed, ifSecret) {
      const totp = await store.findTotp(userId)
      if (!totp || totp.usedStep >= step) return false
      return store.takeStep(userId, totp.usedStep + 1, resealed, ifSecret)
    },
  }),
  "takeStep loses the new seal": (store) => ({
    takeStep: (userId, step, _resealed, ifSecret) => store.takeStep(userId, step, undefined, ifSecret),
  }),
  "takeStep cuts the new seal": (store) => ({
    takeStep: (userId, step, resealed, ifSecret) => store.takeStep(userId, step, resealed?.slice(0, 255), ifSecret),
  }),
  "takeStep empties the secret without a new seal": (store) => ({
    takeStep: (userId, step, resealed = "", ifSecret) => store.takeStep(userId, step, resealed, ifSecret),
  }),
  "takeStep seals again when it refuses": (store) => ({
    async takeStep(userId, step, resealed, ifSecret) {
      if (await store.takeStep(userId, step, resealed, ifSecret)) return true
      const totp = await store.findTotp(userId)
      if (totp && resealed !== undefined) await store.insertTotp(userId, resealed, totp.usedStep, true)
      return false
    },
  }),
  "takeStep uses the step up when the secret is another one": (store) => ({
    async takeStep(userId, step, resealed, ifSecret) {
      if (await store.takeStep(userId, step, resealed, ifSecret)) return true
      await store.takeStep(userId, step)
      return false
    },
  }),
  "takeStep ignores ifSecret": (store) => ({
    takeStep: (userId, step, resealed) => store.takeStep(userId, step, resealed),
  }),
  "takeStep takes an empty ifSecret for none": (store) => ({
    takeStep: (userId, step, resealed, ifSecret) => store.takeStep(userId, step, resealed, ifSecret || undefined),
  }),
  "takeStep compares ifSecret without case and blanks": (store) => ({
    async takeStep(userId, step, resealed, ifSecret) {
      const secret = (await store.findTotp(userId))?.secret
      const isAlike = secret?.toLowerCase() === ifSecret?.trim().toLowerCase()
      return store.takeStep(userId, step, resealed, isAlike ? secret : ifSecret)
    },
  }),
  "takeStep reads, then writes": (store) => ({
    async takeStep(userId, step, resealed, ifSecret) {
      const totp = await store.findTotp(userId)
      if (!totp || totp.usedStep >= step || (ifSecret !== undefined && totp.secret !== ifSecret)) return false
      return store.insertTotp(userId, resealed ?? totp.secret, step, true)
    },
  }),
  "takeStep uses a step up, then writes the secret": (store) => ({
    async takeStep(userId, step, resealed, ifSecret) {
      const secret = (await store.findTotp(userId))?.secret
      if (ifSecret !== undefined && secret !== ifSecret) return false
      if (!(await store.takeStep(userId, step))) return false
      await Promise.resolve()
      return store.insertTotp(userId, resealed ?? secret ?? "", step, true)
    },
  }),
  "takeStep stores an authenticator if there is none": (store) => ({
    async takeStep(userId, step, resealed, ifSecret) {
      if (await store.takeStep(userId, step, resealed, ifSecret)) return true
      if (resealed !== undefined && (await store.findUser(userId))) {
        await store.insertTotp(userId, resealed, step, false)
      }
      return false
    },
  }),
  "takeStep takes an array": (store) => ({
    takeStep: (userId, ...rest) => store.takeStep(Array.isArray(userId) ? String(userId) : userId, ...rest),
  }),
  "takeStep asks for everybody in one caller's context": (store) => ({ takeStep: gathered(store.takeStep) }),

  "deleteTotp deletes nothing": (store) => ({ deleteTotp: async (userId) => (await store.findTotp(userId)) !== null }),
  "deleteTotp always says true": (store) => ({
    deleteTotp: async (...row) => (await store.deleteTotp(...row)) || true,
  }),
  "deleteTotp says nothing": (store) => ({
    deleteTotp: async (...row) => void (await store.deleteTotp(...row)) as unknown as boolean,
  }),
  "deleteTotp ignores ifSecret": (store) => ({ deleteTotp: (userId) => store.deleteTotp(userId) }),
  "deleteTotp takes an empty ifSecret for none": (store) => ({
    deleteTotp: (userId, ifSecret) => store.deleteTotp(userId, ifSecret || undefined),
  }),
  "deleteTotp compares ifSecret without case and blanks": (store) => ({
    async deleteTotp(userId, ifSecret) {
      const secret = (await store.findTotp(userId))?.secret
      return store.deleteTotp(userId, secret?.toLowerCase() === ifSecret?.trim().toLowerCase() ? secret : ifSecret)
    },
  }),
  "deleteTotp compares ifSecret, then deletes": (store) => ({
    async deleteTotp(userId, ifSecret) {
      const totp = await store.findTotp(userId)
      if (!totp || (ifSecret !== undefined && totp.secret !== ifSecret)) return false
      return store.deleteTotp(userId)
    },
  }),
  "deleteTotp deletes those of ids that begin so": (store) => ({
    async deleteTotp(userId, ...rest) {
      if (userId === "user-") await store.deleteTotp("user-1")
      return store.deleteTotp(userId, ...rest)
    },
  }),
  "deleteTotp deletes everybody's": (store) => ({
    async deleteTotp(userId, ...rest) {
      await store.deleteTotp("user-2")
      return store.deleteTotp(userId, ...rest)
    },
  }),
  "deleteTotp empties the row": (store) => ({
    async deleteTotp(userId) {
      const totp = await store.findTotp(userId)
      if (totp) await store.insertTotp(userId, "", totp.usedStep, true)
      return totp !== null && totp.secret !== ""
    },
    async findTotp(userId) {
      const totp = await store.findTotp(userId)
      return totp?.secret === "" ? null : totp
    },
  }),
  "deleteUser leaves the authenticator": (store) => {
    const kept = new Map<UserId, TotpRecord>()
    return {
      async deleteUser(userId) {
        const totp = await store.findTotp(userId)
        if (totp) kept.set(userId, totp)
        await store.deleteUser(userId)
      },
      findTotp: async (userId) => kept.get(userId) ?? store.findTotp(userId),
    }
  },
  "TOTP methods are inherited": (store) => Object.assign(Object.create(store), { spread: false }),
}

/** A bug that stores another authenticator than it was given. */
function inserting(change: (totp: TotpRecord) => TotpRecord): Bug {
  return (store: Store) => ({
    insertTotp(userId, secret, usedStep, replace) {
      const changed = change({ secret, usedStep })
      return store.insertTotp(userId, changed.secret, changed.usedStep, replace)
    },
  })
}
