import { existsSync } from "node:fs"
import { connect } from "node:net"
import { delimiter, join } from "node:path"

/** Where the tests look for PostgreSQL. */
export const postgresUrl = process.env.NIGHTLATCH_POSTGRES_URL ?? "postgres://postgres@127.0.0.1:5432/test"

/** Where the tests look for MariaDB. */
export const mysqlUrl = process.env.NIGHTLATCH_MYSQL_URL ?? "mysql://root@127.0.0.1:3306/test"

/** Where the tests look for a browser. */
export const chromiumPath = process.env.CHROMIUM_PATH || "/usr/bin/chromium"

/** How a line begins that says which tests are left out. */
export const leftOutPrefix = "LEFT OUT: "

/** Says which tests this machine cannot run, and why. In CI nothing may be left out: there it throws. */
export function leaveOut(tests: string, reason: string, cause?: unknown): void {
  if (process.env.CI) throw new Error(`CI must not leave out ${tests}: ${reason}.`, { cause })
  console.warn(`${leftOutPrefix}${tests}, because ${reason}.`)
}

/** Whether there is a browser. Where there is none, its tests are left out. */
export function hasChromium(tests: string): boolean {
  if (existsSync(chromiumPath)) return true
  leaveOut(tests, `there is no ${chromiumPath}`)
  return false
}

/** What the tests can use here, by name; `null` for what is missing. */
export async function findings(): Promise<Record<string, string | null>> {
  return {
    PostgreSQL: await answering(postgresUrl),
    PgBouncer: namedOr("NIGHTLATCH_PGBOUNCER_URLS", findProgram("pgbouncer")),
    MariaDB: await answering(mysqlUrl),
    Galera: namedOr("NIGHTLATCH_GALERA_URLS", findProgram("mariadbd") && firstOf(galeraLibraries)),
    Redis: namedOr("NIGHTLATCH_REDIS_URL", findProgram("redis-server")),
    Chromium: firstOf([chromiumPath]),
  }
}

const galeraLibraries = ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so"]

function namedOr(variable: string, program: string | null): string | null {
  const named = process.env[variable]
  if (named) return named.split(",").map(hostOf).join(" and ")
  return program && "started by the tests"
}

function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"]
  return firstOf(folders.map((folder) => join(folder, name)))
}

function firstOf(paths: string[]): string | null {
  return paths.find((path) => existsSync(path)) ?? null
}

function answering(url: string): Promise<string | null> {
  const { hostname, port, protocol } = new URL(url)
  const socket = connect({
    host: hostname,
    port: Number(port) || (protocol === "mysql:" ? 3306 : 5432),
    timeout: 20_000,
  })
  return new Promise((resolve) => {
    const end = (found: string | null) => {
      socket.destroy()
      resolve(found)
    }
    socket.once("connect", () => end(hostOf(url)))
    socket.once("timeout", () => end(null))
    socket.once("error", () => end(null))
  })
}

function hostOf(url: string): string {
  return new URL(url).host
}
