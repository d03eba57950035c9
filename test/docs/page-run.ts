import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { DatabaseSync } from "node:sqlite"
import { schema } from "../../adapters/sql.ts"
import { mysqlUrl, postgresUrl } from "../machine.ts"
import { root } from "../package/tarball.ts"
import { mysqlServer, postgresDatabase } from "../servers.ts"
import { blockFolder, blocksOf } from "./page-blocks.ts"
import type { BlockFolder } from "./page-blocks.ts"

/** A page of docs/databases, with its blocks in a folder of their own. */
export interface PageRun {
  path: string
  /** The statements of a block of SQL, by its number. */
  sql(block: number): string[]
  /** Signs a user up, in and out with what a file exports. Resolves to what that prints. */
  signIn(file: string, env?: Record<string, string>): Promise<string>
  /** Runs a module next to the files, and resolves to what it prints. */
  run(code: string, env?: Record<string, string>): Promise<string>
  write: BlockFolder["write"]
  mistakesIn: BlockFolder["mistakesIn"]
  remove(): Promise<void>
}

/** Writes the blocks of a page into a folder, as {@link blockFolder} makes it. */
export async function openPage(page: string, inside?: string): Promise<PageRun> {
  const { path, write, remove, mistakesIn } = await blockFolder(inside)
  for (const [name, code] of blocksOf(page)) await write(name, code)
  const sql = [...blocksOf(page, "sql").values()]

  async function run(code: string, env: Record<string, string> = {}): Promise<string> {
    await write("run.ts", `${code}\nprocess.exit()\n`)
    const options = { cwd: path, env: { ...process.env, ...env } }
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", "run.ts"], options)
    return stdout.trim()
  }

  return {
    path,
    sql: (block) => statementsOf(sql[block]!),
    signIn: (file, env) => run(signInWith(file), env),
    run,
    write,
    mistakesIn,
    remove,
  }
}

/** The module that signs in with what a file exports. */
export function signInWith(file: string): string {
  const flow = JSON.stringify(join(root, "test/docs/sign-in.ts"))
  return `import * as page from "./${file}"\nimport { signUpInAndOut } from ${flow}\nconsole.log(await signUpInAndOut(page))`
}

function statementsOf(script: string): string[] {
  const withoutComments = script.replaceAll(/^--.*$/gm, "")
  return withoutComments
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "")
}

/** A database of a test's own. */
export interface PageDatabase {
  /** What a page's files read its address from. */
  env: { DATABASE_URL: string }
  run(...statements: string[]): Promise<void>
  close(): Promise<void>
}

/** Makes an empty database on PostgreSQL; `null` where there is none. */
export async function postgresOfPage(): Promise<PageDatabase | null> {
  const database = await postgresDatabase()
  if (!database) return null
  const { name, pool, close } = database
  const run = async (...statements: string[]) => {
    for (const statement of statements) await pool.query(statement)
  }
  return { env: { DATABASE_URL: addressOf(postgresUrl, name) }, run, close }
}

/** Makes an empty database on MariaDB; `null` where there is none. */
export async function mysqlOfPage(): Promise<PageDatabase | null> {
  const server = await mysqlServer()
  if (!server) return null
  const [rows] = await server.pool.query("SELECT DATABASE() AS name")
  const [{ name }] = rows as [{ name: string }]
  const run = async (...statements: string[]) => {
    for (const statement of statements) await server.pool.query(statement)
  }
  return { env: { DATABASE_URL: addressOf(mysqlUrl, name) }, run, close: server.close }
}

/** Creates the tables of a page on SQLite in the file app.db of a folder. */
export function createSqliteTables(folder: string): void {
  const db = new DatabaseSync(join(folder, "app.db"))
  db.exec("CREATE TABLE user (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE)")
  for (const statement of schema("sqlite")) db.exec(statement)
  db.close()
}

function addressOf(url: string, database: string): string {
  const address = new URL(url)
  address.pathname = database
  return address.href
}
