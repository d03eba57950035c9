import { symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import ts from "typescript"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { drizzleAdapter } from "../../adapters/drizzle.ts"
import { mysql2Adapter } from "../../adapters/mysql2.ts"
import { nodeSqliteAdapter } from "../../adapters/node-sqlite.ts"
import { pgAdapter } from "../../adapters/pg.ts"
import type { SqlAdapter, UserIdType } from "../../adapters/sql.ts"
import type { UserId } from "../../src/core/ports.ts"
import { createAuth } from "../../src/index.ts"
import { testAdapter } from "../../src/testing.ts"
import { createUsers } from "../../src/users.ts"
import type { DrizzleShape } from "../adapters/drizzle-stores.ts"
import { drizzleSetup, openBetterSqlite3, openMysql2, openPg } from "../adapters/drizzle-stores.ts"
import { idMaker } from "../adapters/sql-stores.ts"
import { root, temporaryFolder } from "../package/tarball.ts"
import { mysqlServer, postgresServer } from "../servers.ts"
import { createStatements, loadTables } from "./drizzle-module.ts"
import { runCommand } from "./migrated-text.ts"

type Dialect = "sqlite" | "postgres" | "mysql"
type User = { id: UserId; username: string }
type Adapter = SqlAdapter<User, {}>

const dialects: Dialect[] = ["sqlite", "postgres", "mysql"]
const idTypes: UserIdType[] = ["text", "integer", "bigint", "uuid"]
const passwordHasher = { hash: async () => "hash", verify: async () => true, needsRehash: () => false }
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const made: Record<UserIdType, unknown> = {
  text: expect.stringMatching(/^[a-z2-7]{16}$/),
  integer: 1,
  bigint: 1n,
  uuid: expect.stringMatching(uuid),
}

async function printed(...args: string[]): Promise<string> {
  const { code, output } = await runCommand(".", "schema", ...args)
  expect(code).toBe(0)
  return output
}

describe("what schema prints as SQL serves the adapter, with the user table of its comment", () => {
  test.each(dialects.flatMap((dialect) => idTypes.map((ids) => ({ dialect, ids }))))(
    "$dialect with $ids ids",
    async ({ dialect, ids }) => {
      const script = await printed(dialect, "--ids", ids)
      const userTable = /^-- (CREATE TABLE(?:.|\n-- )+;)$/m.exec(script)![1]!.replaceAll("\n-- ", "\n")
      const adapter = await opened[dialect](`${userTable}\n${script}`, ids === "bigint" ? { userIdType: ids } : {})
      if (!adapter) return
      await signUpAndOut(adapter, ids)
    },
  )

  test("with other names of tables", async () => {
    const script = await printed("sqlite", "--tables", "user=person, session=visit,key=login")
    const db = new DatabaseSync(":memory:")
    db.exec(script.replaceAll(/^-- (?!The)/gm, ""))
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
    expect(names.map(({ name }) => name)).toEqual(["login", "person", "visit"])
  })
})

const printable = dialects.flatMap((dialect) =>
  idTypes.filter((ids) => !(dialect === "sqlite" && ids === "bigint")).map((ids) => ({ dialect, ids })),
)
const features = ["--include", "tokens,throttle,totp,passkeys,audit"]

describe("what schema prints with --include serves the ports of these features", () => {
  test.each(dialects.flatMap((dialect) => idTypes.map((ids) => ({ dialect, ids }))))(
    "as SQL, on $dialect with $ids ids",
    async ({ dialect, ids }) => {
      const script = await printed(dialect, "--ids", ids, ...features)
      const userTable = /^-- (CREATE TABLE(?:.|\n-- )+;)$/m.exec(script)![1]!.replaceAll("\n-- ", "\n")
      const adapter = await opened[dialect](`${userTable}\n${script}`, ids === "bigint" ? { userIdType: ids } : {})
      if (adapter) await useFeatures(adapter, ids)
    },
  )

  test.each(printable)("for Drizzle, on $dialect with $ids ids", async ({ dialect, ids }) => {
    const folder = await temporaryFolder()
    onTestFinished(folder.remove)
    const source = await printed("drizzle", "--dialect", dialect, "--ids", ids, ...features)
    const statements = createStatements(dialect, await loadTables(folder.path, source))
    const adapter = await opened[dialect](statements.join(";\n"), ids === "bigint" ? { userIdType: ids } : {})
    if (adapter) await useFeatures(adapter, ids)
  })

  test("for Prisma, with the names that the SQL of these ports uses", async () => {
    expect(await printed("prisma", "--ids", "integer", ...features)).toMatchSnapshot()
    expect(await printed("prisma", "--include", "throttle")).not.toContain("auth_token")
  })

  test("under other names", async () => {
    const script = await printed("sqlite", "--include", "tokens, audit", "--tables", "token=ticket,event=log")
    expect(script).toContain(`CREATE TABLE IF NOT EXISTS "ticket"`)
    expect(script).toContain(`CREATE TABLE IF NOT EXISTS "log"`)
    expect(script).not.toContain("auth_")
  })
})

const firstIds: Record<UserIdType, UserId> = { text: "ada", integer: 1, bigint: 1n, uuid: idMaker("uuid")(1) as string }

async function useFeatures(adapter: Adapter, ids: UserIdType): Promise<void> {
  const id = firstIds[ids]
  await adapter.insertUser({ id, attributes: { username: "ada" } }, null)
  const expiresAt = new Date(2_000_000_000_123)
  const token = { id: "t", purpose: "reset", userId: id, expiresAt, attempts: 0, data: "é" }
  expect(await adapter.insertTokens([token], { userId: id, purpose: "reset", keep: 1 })).toBe(true)
  expect(await adapter.tryToken("t", 1)).toEqual({ ...token, attempts: 1 })
  expect(await adapter.takeAttempt("a", 1_700_000_000_000, 10, 10)).toEqual({ taken: true, until: 1_700_000_000_010 })
  const event = { id: "e", at: expiresAt, type: "user_created", userId: id, sessionId: null, detail: "" }
  await adapter.insertEvents([event])
  expect(await adapter.listEvents(id, null, 10)).toEqual([event])
  expect(await adapter.insertTotp(id, "sealed", 57_000_000, false)).toBe(true)
  expect(await adapter.takeStep(id, 57_000_001, "resealed", "sealed")).toBe(true)
  expect(await adapter.findTotp(id)).toEqual({ secret: "resealed", usedStep: 57_000_001 })
  const flags = { signCount: 4_294_967_295, backupEligible: true, backedUp: false }
  const rest = { publicKey: "AA", algorithm: -7 as const, aaguid: "", transports: [], name: "Schlüssel" }
  const passkey = { id: "p".repeat(1364), userId: id, ...flags, ...rest, createdAt: expiresAt, usedAt: null }
  expect(await adapter.insertPasskey(passkey)).toBe(true)
  expect(await adapter.listPasskeys(id)).toEqual([passkey])
  await adapter.deleteTokens(id, { except: [] })
  expect(await adapter.takeToken("t")).toBeNull()
}

const opened: Record<Dialect, (script: string, options: { userIdType?: "bigint" }) => Promise<Adapter | null>> = {
  async sqlite(script, options) {
    const db = new DatabaseSync(":memory:")
    db.exec(script)
    return nodeSqliteAdapter(db, options)
  },
  async postgres(script, options) {
    const server = await postgresServer()
    if (!server) return null
    onTestFinished(server.close)
    await server.pool.query(script)
    return pgAdapter(server.pool, options)
  },
  async mysql(script, options) {
    const server = await mysqlServer({ multipleStatements: true })
    if (!server) return null
    onTestFinished(server.close)
    await server.pool.query(script)
    return mysql2Adapter(server.pool, options)
  },
}

const drivers = { sqlite: openBetterSqlite3, postgres: openPg, mysql: openMysql2 }

const usedWith: Record<Dialect, string> = {
  sqlite: useOf("better-sqlite3"),
  postgres: useOf("node-postgres"),
  mysql: useOf("mysql2"),
}

function useOf(driver: string): string {
  return `import { drizzle } from "drizzle-orm/${driver}"\nimport { drizzleAdapter } from "nightlatch/adapters/drizzle"\nconst db = drizzle("url")\n`
}

// Each type of column once: the published cases take some seconds.
const conforming = ["sqlite text", "postgres uuid", "mysql bigint"]

for (const { dialect, ids } of printable) {
  const folder = await temporaryFolder()
  const source = await printed("drizzle", "--dialect", dialect, "--ids", ids)
  const tables = await loadTables(folder.path, withLabel(dialect, source))
  const shape: DrizzleShape = { name: ids, tables, ddl: createStatements(dialect, tables), userId: idMaker(ids) }
  const store = await drivers[dialect](shape)
  afterAll(folder.remove)
  if (!store) continue
  afterAll(store.close)
  describe(`what schema prints for Drizzle on ${dialect} with ${ids} ids serves drizzleAdapter()`, () => {
    test("a user signs up and out", async () => {
      await signUpAndOut(drizzleAdapter(store.db, tables) as unknown as Adapter, ids)
    })
    if (conforming.includes(`${dialect} ${ids}`)) testAdapter(test, () => drizzleSetup(store, shape))
  })
}

test("what schema prints for Drizzle is checked by TypeScript, with the adapter", async () => {
  const folder = await temporaryFolder()
  onTestFinished(folder.remove)
  await symlink(join(root, "node_modules"), join(folder.path, "node_modules"))
  const files = printable.map(async ({ dialect, ids }) => {
    const file = join(folder.path, `${dialect}-${ids}.ts`)
    const source = await printed("drizzle", "--dialect", dialect, "--ids", ids, ...features)
    await writeFile(
      file,
      `${source}\n${usedWith[dialect]}export const adapter = drizzleAdapter(db, { user, session, key })\n`,
    )
    return file
  })
  const options = { strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.Preserve, types: ["node"] }
  const adapters = { allowImportingTsExtensions: true, paths: { "nightlatch/*": [join(root, "*.ts")] } }
  const program = ts.createProgram(await Promise.all(files), { ...options, ...adapters })
  expect(ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText)).toEqual([])
}, 60_000)

// The published cases want one column more.
function withLabel(dialect: Dialect, source: string): string {
  const type = dialect === "mysql" ? "varchar({ length: 255 })" : "text()"
  return source.replace(/(\n {4}expiresAt: .*)/, `$1\n    label: ${type},`)
}

async function signUpAndOut(adapter: Adapter, ids: UserIdType): Promise<void> {
  const users = createUsers({ adapter, passwordHasher })
  const auth = createAuth({ adapter })
  const key = { providerId: "username", providerUserId: "ada", password: "correct horse battery" }
  const { user } = await users.createUser({ key, attributes: { username: "ada" } })
  expect(user).toEqual({ id: made[ids], username: "ada" })
  const { token } = await auth.createSession(user!.id)
  expect(await auth.validateSession(token)).toMatchObject({ user: { id: user!.id } })
  await users.deleteUser(user!.id)
  expect(await auth.validateSession(token)).toMatchObject({ session: null })
}

test.each([
  [["schema"], "Name one of sqlite, postgres, mysql, drizzle, prisma."],
  [["schema", "sqlite", "postgres"], "Name one of sqlite,"],
  [["schema", "postgresql"], 'Unknown schema "postgresql": did you mean "postgres"?'],
  [["schema", "sqlite", "--ids", "uid"], 'Unknown type of ids "uid": '],
  [["schema", "sqlite", "--dialect", "sqlite"], "--dialect is for drizzle only."],
  [["schema", "drizzle"], "Name the database: --dialect sqlite|postgres|mysql"],
  [["schema", "drizzle", "--dialect", "sqlite", "--ids", "bigint"], "use --ids integer, text or uuid"],
  [["schema", "prisma", "--tables", "key=login"], "--tables is for SQL only."],
  [["schema", "sqlite", "--include", "token"], 'Unknown feature "token": did you mean "tokens"?'],
  [["schema", "sqlite", "--tables", "key"], '"key" is not a pair'],
  [["schema", "sqlite", "--tables", "keys=login"], 'Unknown table "keys": did you mean "key"?'],
  [["schema", "sqlite", "--tables", "key=a b"], 'tables: "a b" is not a table name'],
  [["secret", "more"], "This command takes no arguments."],
  [["secret", "--length=64"], "This command takes no options."],
])("%s is refused", async (args, reason) => {
  expect(await runCommand(".", ...args)).toEqual({ code: 2, output: expect.stringContaining(reason) })
})
