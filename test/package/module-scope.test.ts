import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, expect, test } from "vitest"
import { entry } from "../../tsup.config.ts"
import { root } from "./tarball.ts"

/** The entries whose package is not installed here: Next.js is only in the applications that test/apps/next builds. */
const withoutPackage = ["next", "lucia-v2/middleware"]

// On Cloudflare Workers all of this throws at module scope, and timers keep a process alive.
const forbidden = `
import crypto from "node:crypto"
import { syncBuiltinESMExports } from "node:module"
const refuse = (name) => () => { throw new Error(name + "() at module scope") }
for (const name of ["getRandomValues", "randomUUID"]) Object.defineProperty(globalThis.crypto, name, { value: refuse(name) })
for (const name of ["digest", "generateKey", "importKey"]) Object.defineProperty(globalThis.crypto.subtle, name, { value: refuse(name) })
for (const name of ["randomBytes", "randomFillSync", "randomFill", "randomInt", "randomUUID"]) crypto[name] = refuse(name)
for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch"]) globalThis[name] = refuse(name)
Math.random = refuse("Math.random")
performance.now = refuse("performance.now")
globalThis.Date = new Proxy(Date, {
  construct: (target, args) => (args.length === 0 ? refuse("new Date")() : Reflect.construct(target, args)),
})
Date.now = refuse("Date.now")
syncBuiltinESMExports()
`

const folder = mkdtempSync(join(tmpdir(), "nightlatch-"))
afterAll(() => rmSync(folder, { recursive: true }))

const imported = Object.keys(entry).filter((name) => !withoutPackage.includes(name))

/** Imports modules, one after another, where reading the clock, randomness, timers and requests throw. */
function complaints(modules: Record<string, string>): Record<string, string> {
  const program = join(folder, `${crypto.randomUUID()}.mjs`)
  writeFileSync(
    program,
    `${forbidden}
const complaints = {}
for (const [name, url] of Object.entries(${JSON.stringify(modules)})) {
  try {
    await import(url)
  } catch (error) {
    complaints[name] = error.message
  }
}
process.stdout.write(JSON.stringify(complaints))
`,
  )
  return JSON.parse(execFileSync(process.execPath, [program], { encoding: "utf8" })) as Record<string, string>
}

function urlOf(path: string): string {
  return pathToFileURL(path).href
}

test("no entry reads the clock, draws random numbers, sets a timer or sends a request as it is imported", () => {
  const modules = Object.fromEntries(imported.map((name) => [name, urlOf(`${root}/dist/${name}.js`)]))
  expect(imported.length).toBe(Object.keys(entry).length - withoutPackage.length)
  expect(complaints(modules)).toEqual({})
})

test("what an application makes as it is imported needs none of these either", () => {
  const file = join(folder, "made.mjs")
  const from = (name: string) => JSON.stringify(urlOf(`${root}/dist/${name}.js`))
  writeFileSync(
    file,
    `import { createAuth } from ${from("index")}
import { pgAdapter } from ${from("adapters/pg")}
import { scrypt } from ${from("password")}
import { createSnapshots, createStatelessAuth } from ${from("stateless")}
import { createUsers } from ${from("users")}
import { createWebAuth } from ${from("web")}
const pool = { totalCount: 0, query: async () => ({ rows: [], rowCount: 0 }), connect: async () => ({}) }
const adapter = pgAdapter(pool)
const secrets = ["a secret of thirty-two bytes at the least"]
export const users = createUsers({ adapter, passwordHasher: scrypt() })
export const web = createWebAuth(createAuth({ adapter }))
export const stateless = [createStatelessAuth({ secrets }), createSnapshots({ secrets, claims: () => ({}) })]
`,
  )
  expect(complaints({ made: urlOf(file) })).toEqual({})
})

test.each([
  "Date.now()",
  "new Date()",
  "performance.now()",
  "Math.random()",
  "crypto.getRandomValues(new Uint8Array(1))",
  "(await import('node:crypto')).randomBytes(1)",
  "setTimeout(() => {}, 1)",
  "setInterval(() => {}, 1)",
  "fetch('http://127.0.0.1')",
])("%s at module scope is found", (code) => {
  const file = join(folder, `${crypto.randomUUID()}.mjs`)
  writeFileSync(file, `export const value = ${code}`)
  expect(complaints({ module: urlOf(file) })).toHaveProperty("module", expect.stringContaining("at module scope"))
})
