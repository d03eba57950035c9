import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises"
import type { Row, SqlExecutor, SqlValue } from "../../adapters/sql/executor.ts"
import { AuthError } from "../../src/core/errors.ts"
import type { UserId } from "../../src/core/ports.ts"
import type { PasskeyRecord } from "../../src/passkeys/passkey-port.ts"
import type { RaceBug } from "./broken-races.ts"

/** Bugs of the methods of authenticators and passkeys that must be one atomic step. */
export const accountRaceBugs = {
  "takeStep reads, then writes": {
    loses: "50 callers use one time step up: exactly one does",
    methods: (executor) => ({
      async takeStep(userId, step, resealed) {
        const row = await totpRow(executor, userId)
        if (!row || Number(row.used_step) >= step) return false
        await turn()
        return writeTotp(executor, userId, resealed ?? String(row.secret), step)
      },
    }),
  },
  "takeStep goes back to a step that was later than what it has read": {
    loses: "20 callers use 20 time steps up: the last one counts, and none goes back",
    methods: (executor) => ({
      async takeStep(userId, step) {
        const row = await totpRow(executor, userId)
        if (!row || Number(row.used_step) >= step) return false
        await turn()
        return (await executor.execute("UPDATE user_totp SET used_step = ? WHERE user_id = ?", [step, userId])) > 0
      },
    }),
  },
  "insertTotp looks for one, then stores": {
    loses: "20 callers store a first authenticator: exactly one does",
    methods: (executor) => ({
      async insertTotp(userId, secret, usedStep) {
        if (await totpRow(executor, userId)) return false
        await turn()
        await putTotp(executor, userId, secret, usedStep)
        return true
      },
    }),
  },
  "insertTotp replaces the secret, then the step": {
    loses: "10 callers replace an authenticator: one of theirs is left, whole",
    methods: (executor) => ({
      async insertTotp(userId, secret, usedStep, replace) {
        if (!replace) await putTotp(executor, userId, secret, usedStep)
        await executor.execute("UPDATE user_totp SET secret = ? WHERE user_id = ?", [secret, userId])
        await sleep(3 * (usedStep % 3))
        await executor.execute("UPDATE user_totp SET used_step = ? WHERE user_id = ?", [usedStep, userId])
        return true
      },
    }),
  },
  "takeStep compares the secret that it has read": {
    loses: "an authenticator is replaced while steps are used: the old one does not come back",
    methods: (executor) => ({
      async takeStep(userId, step, resealed, ifSecret) {
        const row = await totpRow(executor, userId)
        if (!row || Number(row.used_step) >= step || row.secret !== ifSecret) return false
        await turn()
        return writeTotp(executor, userId, resealed ?? String(row.secret), step)
      },
    }),
  },
  "takeStep is an upsert": {
    loses: "an authenticator is deleted while steps are used: it does not come back",
    methods: (executor) => ({
      async takeStep(userId, step, resealed = "") {
        const row = await totpRow(executor, userId)
        if (!row || Number(row.used_step) >= step) return false
        await turn()
        await putTotp(executor, userId, resealed, step)
        return true
      },
    }),
  },
  "insertTotp looks for the user, and nothing else refers to one": {
    loses: "a user is deleted while authenticators are stored: none is left",
    methods: (executor) => ({
      async insertTotp(userId, secret, usedStep) {
        await requireUser(executor, userId)
        await turn()
        await putTotp(executor, userId, secret, usedStep)
        return true
      },
    }),
  },

  "insertPasskey looks for the id, and nothing else keeps it unique": {
    loses: "2 users store passkeys under one id: exactly one is stored",
    methods: (executor) => ({
      async insertPasskey(passkey) {
        if (await passkeyRow(executor, passkey.id)) return false
        await turn()
        await putPasskey(executor, passkey, "UPDATE SET name = excluded.name")
        return true
      },
    }),
  },
  "recordPasskeyUse reads, then writes": {
    loses: "50 callers use a passkey with one counter that rises: exactly one does",
    methods: (executor) => ({
      async recordPasskeyUse(id, from, { signCount, backedUp, usedAt }) {
        const row = await passkeyRow(executor, id)
        if (!row || Number(row.sign_count) !== from.signCount) return false
        await turn()
        const sql = "UPDATE user_passkey SET sign_count = ?, backed_up = ?, used_at = ? WHERE id = ?"
        return (await executor.execute(sql, [signCount, Number(backedUp), usedAt.getTime(), id])) > 0
      },
    }),
  },
  "renamePasskey reads a row, then writes all of it": {
    loses: "a passkey is renamed while it is used: both have their effect",
    methods: (executor) => ({
      async renamePasskey({ id, name }) {
        const row = await passkeyRow(executor, id)
        if (!row) return false
        await turn()
        const sql = "UPDATE user_passkey SET name = ?, sign_count = ?, backed_up = ?, used_at = ? WHERE id = ?"
        // A driver can write what it has read.
        const [signCount, backedUp, usedAt] = [row.sign_count, row.backed_up, row.used_at] as SqlValue[]
        return (await executor.execute(sql, [name, signCount ?? 0, backedUp ?? 0, usedAt ?? null, id])) > 0
      },
    }),
  },
  "renamePasskey is an upsert": {
    loses: "a passkey is deleted while it is used and renamed: it does not come back",
    methods: (executor) => ({
      async renamePasskey({ id, name }) {
        const row = await passkeyRow(executor, id)
        if (!row) return false
        await turn()
        await putPasskey(executor, passkeyOf(row, name), "UPDATE SET name = excluded.name")
        return true
      },
    }),
  },
  "deletePasskey reads, then deletes": {
    loses: "12 callers delete one passkey: exactly one does",
    methods: (executor) => ({
      async deletePasskey({ userId, id }) {
        const row = await passkeyRow(executor, id)
        if (row?.user_id !== userId) return false
        await turn()
        await executor.execute("DELETE FROM user_passkey WHERE id = ?", [id])
        return true
      },
    }),
  },
  "insertPasskey looks for the user, and nothing else refers to one": {
    loses: "a user is deleted while passkeys are stored: none is left",
    methods: (executor) => ({
      async insertPasskey(passkey) {
        await requireUser(executor, passkey.userId)
        await turn()
        await putPasskey(executor, passkey, "NOTHING")
        return true
      },
    }),
  },
} satisfies Record<string, RaceBug>

async function requireUser({ query }: SqlExecutor, userId: UserId): Promise<void> {
  const users = await query(`SELECT id FROM "user" WHERE id = ?`, [userId])
  if (users.length === 0) throw new AuthError("user_missing", "The user does not exist.")
}

async function totpRow({ query }: SqlExecutor, userId: UserId): Promise<Row | null> {
  return (await query("SELECT * FROM user_totp WHERE user_id = ?", [userId]))[0] ?? null
}

async function writeTotp({ execute }: SqlExecutor, userId: UserId, secret: string, step: number): Promise<boolean> {
  return (await execute("UPDATE user_totp SET secret = ?, used_step = ? WHERE user_id = ?", [secret, step, userId])) > 0
}

/** Writes a row whether there is one or not. */
async function putTotp({ execute }: SqlExecutor, userId: UserId, secret: string, step: number): Promise<void> {
  const update = "UPDATE SET secret = excluded.secret, used_step = excluded.used_step"
  const columns = "user_id, secret, used_step, created_at"
  const sql = `INSERT INTO user_totp (${columns}) VALUES (?, ?, ?, ?) ON CONFLICT (user_id) DO ${update}`
  await execute(sql, [userId, secret, step, 0])
}

async function passkeyRow({ query }: SqlExecutor, id: string): Promise<Row | null> {
  return (await query("SELECT * FROM user_passkey WHERE id = ?", [id]))[0] ?? null
}

/** What a row says of the passkey that these races look at. */
function passkeyOf(row: Row, name: string): PasskeyRecord {
  const [id, userId] = [String(row.id), String(row.user_id)]
  const flags = { backupEligible: true, backedUp: false }
  const text = { publicKey: "", aaguid: "", transports: [] }
  return { id, userId, name, algorithm: -7, signCount: 5, ...flags, ...text, createdAt: new Date(0), usedAt: null }
}

async function putPasskey({ execute }: SqlExecutor, passkey: PasskeyRecord, ifTaken: string): Promise<void> {
  const { id, userId, publicKey, algorithm, signCount, backupEligible, backedUp } = passkey
  const { aaguid, transports, name, createdAt, usedAt } = passkey
  const names =
    "id, user_id, public_key, algorithm, sign_count, backup_eligible, backed_up, aaguid, transports, name, created_at, used_at"
  const values = names.split(", ").map(() => "?")
  const sql = `INSERT INTO user_passkey (${names}) VALUES (${values.join(", ")}) ON CONFLICT (id) DO ${ifTaken}`
  const credential = [id, userId, publicKey, algorithm, signCount, Number(backupEligible), Number(backedUp)]
  const times = [createdAt.getTime(), usedAt?.getTime() ?? null]
  await execute(sql, [...credential, aaguid, transports.join(" "), name, ...times])
}
