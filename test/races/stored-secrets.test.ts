import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { describe, expect, test } from "vitest"
import type { Row } from "../../adapters/sql/executor.ts"
import { createAuth } from "../../src/core/create-auth.ts"
import { argon2id } from "../../src/password/argon2id.ts"
import { createUsers } from "../../src/users/create-users.ts"
import type { SharedStore } from "./races.ts"
import { openSharedStores } from "./races.ts"
import { attemptOf } from "../users/attempts.ts"

const password = "canary of a long password"
const day = 86_400_000

for (const store of await openSharedStores()) describe(`what ${store.name} stores`, () => storedSecrets(store))

function storedSecrets(store: SharedStore): void {
  let now = Date.UTC(2030, 0, 1)
  const auth = createAuth({ adapter: store.adapter, now: () => now })
  const users = createUsers({ adapter: store.adapter, passwordHasher: argon2id() })

  test("[STO-1][P1] holds no token and no password in any spelling, and nothing that signs anyone in", async () => {
    const key = { providerId: "username", providerUserId: "ada", password }
    await users.createUser({ id: "user-1", key, attributes: { username: "ada" } })
    const signedIn = await users.signInWithPassword(auth, attemptOf("ada", password), { label: "phone" })
    const rotated = await auth.rotateSession((await auth.createSession("user-1")).token)
    now += 20 * day
    await auth.validateSession(signedIn?.token)
    await users.verifyPassword({ providerId: "username", providerUserId: "ada", password: `${password}!` })

    const tokens = [signedIn?.token, rotated?.token].map(String)
    const rows = await allRows(store)
    const dump = await dumpOf(store, rows)
    // The search finds what is there.
    for (const known of [signedIn?.session.id, rotated?.session.id, "username:ada", "$argon2id$"]) {
      expect(dump.includes(String(known))).toBe(true)
    }
    for (const secret of [...tokens, password]) {
      for (const spelling of spellings(secret)) expect(dump.includes(spelling)).toBe(false)
    }

    for (const token of tokens) expect((await auth.validateSession(token)).session).not.toBeNull()
    const values = rows.flatMap((row) => Object.values(row))
    expect(values.length).toBeGreaterThan(15)
    for (const value of values) {
      for (const presented of [value, String(value), Buffer.from(String(value)).toString("base64url")]) {
        expect((await auth.validateSession(presented)).session).toBeNull()
      }
      const cookie = auth.readSessionCookie(`${auth.sessionCookieName}=${String(value)}`)
      const bearer = auth.readBearerToken(`Bearer ${String(value)}`)
      for (const token of [cookie, bearer]) expect((await auth.validateSession(token)).session).toBeNull()
      expect(await users.verifyPassword(attemptOf("ada", String(value)))).toBeNull()
    }
  })
}

async function allRows({ run }: SharedStore): Promise<Row[]> {
  const rows: Row[] = []
  for (const table of ["user", "user_key", "session"]) rows.push(...(await run(`SELECT * FROM "${table}"`)))
  return rows
}

/** The bytes of SQLite's files; PostgreSQL's own dump. */
async function dumpOf({ address, run }: SharedStore, rows: Row[]): Promise<Buffer> {
  if (address.dialect === "postgres") return pgDump(address.connection.connectionString, await run(ownSchema), rows)
  const folder = dirname(address.file)
  const files = readdirSync(folder).filter((file) => file.startsWith(basename(address.file)))
  return Buffer.concat(files.map((file) => readFileSync(join(folder, file))))
}

const ownSchema = "SELECT current_schema() AS name"

/** What `pg_dump` writes; where it is missing, or too old for the server, what the tables answer. */
function pgDump(url: string | undefined, [schema]: Row[], rows: Row[]): Buffer {
  const { status, error, stdout, stderr } = spawnSync("pg_dump", [
    `--dbname=${url}`,
    `--schema=${String(schema?.name)}`,
  ])
  if (status === 0) return stdout
  if (error || stderr.includes("server version mismatch")) return Buffer.from(JSON.stringify(rows))
  throw new Error(stderr.toString())
}

function spellings(secret: string): (string | Buffer)[] {
  const bytes = Buffer.from(secret)
  const base64 = bytes.toString("base64").replace(/=+$/, "")
  return [secret, bytes, secret.toUpperCase(), bytes.toString("hex"), base64, bytes.toString("base64url")]
}
