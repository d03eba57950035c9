import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import Database from "better-sqlite3"
import { postgresServer } from "../../servers.ts"

const preload = new URL("drill-server-preload.ts", import.meta.url).href

/**
 * Starts an application in a separate process. `aliases` says which module a specifier stands for, `env` is the
 * application's, and `clock` is how many milliseconds its clock runs ahead.
 */
export async function startServer(file, { database, aliases = {}, env = {}, clock = 0 }) {
  const child = fork(fileURLToPath(file), [], {
    execArgv: ["--import", preload],
    env: {
      ...process.env,
      ...env,
      DRILL_ALIASES: JSON.stringify(aliases),
      DRILL_DATABASE: JSON.stringify(database.address),
      DRILL_CLOCK: String(clock),
    },
  })
  const ended = once(child, "exit")
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", () => reject(new Error("The server did not start.")))
    child.on("message", (message: { port?: number }) => message.port && resolve(message.port))
  })
  const hear = (key) =>
    new Promise((resolve) => {
      const listen = (message) => key in message && resolve(child.off("message", listen))
      child.on("message", listen)
    })
  const order = async (message) => {
    const done = hear("done")
    child.send(message)
    await done
  }
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    ended,
    /** Calls what no browser does. */
    post: (path) => request({ origin }, path, { Origin: origin }, {}),
    setClock: (milliseconds) => order({ clock: milliseconds }),
    /** Makes the process end with SIGKILL right after the next statement that begins so. */
    dieAfter: (sql) => order({ dieAfter: sql }),
    /**
     * Makes it wait before the next PostgreSQL statement with this prefix. Resolves to a function that runs work during
     * the wait.
     */
    async pauseBefore(sql) {
      const paused = hear("paused")
      await order({ pauseBefore: sql })
      return async (work) => {
        await paused
        await work()
        await order({ resume: true })
      }
    },
    async kill() {
      child.kill("SIGKILL")
      await ended
    },
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** A browser, or what is left of one: it keeps the session cookie that servers set. */
export class Browser {
  name
  cookie: string | null
  setCookies: string[] = []

  constructor(cookie: string | null = null, name = "auth_session") {
    this.cookie = cookie
    this.name = name
  }

  /** Resolves to the status, the body, and the exact cookies that were set. */
  async visit(server, path = "/", body?: object) {
    const headers = { Origin: server.origin, ...(this.cookie && { Cookie: `${this.name}=${this.cookie}` }) }
    const { status, setCookies, body: read } = await request(server, path, headers, body)
    for (const line of setCookies) this.keep(line)
    return { status, body: read, setCookies }
  }

  /** Resolves to the signed-in user, or `null`. */
  async who(server) {
    const { status, body } = await this.visit(server)
    if (status !== 200 && status !== 401) throw new Error(`${status}: ${JSON.stringify(body)}`)
    return status === 200 ? body.user.username : null
  }

  async post(server, path, body = {}) {
    const answer = await this.visit(server, path, body)
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer
  }

  keep(line) {
    const [pair] = line.split("; ")
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]
    this.setCookies.push(line)
    if (name === this.name) this.cookie = value === "" ? null : value
  }
}

/** Sends one request, with a body as a POST of JSON. */
export async function request(server: { origin: string }, path: string, headers: HeadersInit, body?: object) {
  const response = await fetch(server.origin + path, {
    headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
    ...(body && { method: "POST", body: JSON.stringify(body) }),
  })
  return { status: response.status, setCookies: response.headers.getSetCookie(), body: await response.json() }
}

/** Opens a SQLite database in a file, with these tables. */
export function openSqliteDrill(statements) {
  const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
  const file = join(folder, "app.db")
  const db = new Database(file)
  // Readers do not wait for the writer in the other process.
  db.pragma("journal_mode = WAL")
  db.exec(statements)
  return {
    address: { file },
    run: async (sql, ...args) => {
      const statement = db.prepare(sql)
      return statement.reader ? statement.all(...args) : statement.run(...args)
    },
    close: async () => {
      db.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Opens a schema of PostgreSQL with these tables; `null` where there is no server. */
export async function openPostgresDrill(statements) {
  const server = await postgresServer()
  if (!server) return null
  const { pool, close } = server
  await pool.query(statements)
  const { rows } = await pool.query("SHOW search_path")
  const url = process.env.NIGHTLATCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/test"
  return {
    address: { url, schema: rows[0].search_path },
    run: async (sql, ...args) => {
      let at = 0
      const result = await pool.query(
        sql.replaceAll("?", () => `$${++at}`),
        args,
      )
      return result.rows
    },
    close,
  }
}
