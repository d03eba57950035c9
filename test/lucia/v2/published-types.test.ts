import { execFile } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { packInto, root, temporaryFolder } from "../../package/tarball.ts"

const run = promisify(execFile)

let folder: Awaited<ReturnType<typeof temporaryFolder>>

// As files of this project the namespace would be declared for all of it.
const namespace = `
/// <reference types="nightlatch/lucia-v2" />
declare namespace Lucia {
  type Auth = import("./lucia.js").Auth
  type DatabaseUserAttributes = { username: string }
  type DatabaseSessionAttributes = { label?: string }
}`

const declared = `
import { memoryAdapter } from "nightlatch/adapters/memory"
import { lucia, LuciaError } from "nightlatch/lucia-v2"
import type { Auth as AnyAuth, AuthRequest, Session, User } from "nightlatch/lucia-v2"
import { web } from "nightlatch/lucia-v2/middleware"

export const auth = lucia({
  adapter: memoryAdapter<{ id: string; username: string }>(),
  env: "DEV",
  middleware: web(),
  getUserAttributes: (row) => ({ username: row.username }),
  getSessionAttributes: (row) => ({ label: row.label }),
})
export type Auth = typeof auth

export async function handle(request: Request): Promise<string | undefined> {
  const authRequest = auth.handleRequest(request)
  const session = await authRequest.validate()
  if (!session) return seenBy(authRequest, auth)
  const [any, user]: [Session, User] = [session, session.user]
  authRequest.setSession(any)
  await auth.createUser({ key: null, attributes: { username: user.username } })
  // @ts-expect-error there is no such column
  await auth.createUser({ key: null, attributes: { name: "x" } })
  // @ts-expect-error there is no such attribute
  session.user.email
  // @ts-expect-error the middleware takes a request
  auth.handleRequest("x")
  // @ts-expect-error there is no such message
  new LuciaError("x")
  return session.label satisfies string | undefined
}

async function seenBy(request: AuthRequest, auth: AnyAuth): Promise<string> {
  const session = await request.validate()
  const user = await auth.getUser("x")
  return session ? session.user.username satisfies string : user.username satisfies string
}`

const undeclared = `
import { lucia } from "nightlatch/lucia-v2"
import type { Adapter, InitializeAdapter, Session, User } from "nightlatch/lucia-v2"
import { generateRandomString, __experimental_joinAdapters } from "nightlatch/lucia-v2/utils"

declare const adapter: InitializeAdapter<Adapter>

export const auth = lucia({
  adapter: __experimental_joinAdapters(adapter),
  env: "DEV",
  getUserAttributes: (row: { username: string }) => ({ username: row.username }),
})
export const other = lucia({ adapter: { user: adapter, session: adapter }, env: "PROD" })

export async function handle(): Promise<string> {
  const session = await auth.validateSession(generateRandomString(40))
  const [any, user]: [Session, User] = [session, session.user]
  await other.createUser({ key: null, attributes: { username: any.user.username } })
  // @ts-expect-error there is no such attribute
  session.user.email
  const unknown = await other.getUser(user.userId)
  // @ts-expect-error this auth shows none
  unknown.username
  return session.user.username satisfies string
}`

beforeAll(async () => {
  folder = await temporaryFolder()
  const { path } = await packInto(folder.path)
  const into = join(folder.path, "node_modules/nightlatch")
  await mkdir(into, { recursive: true })
  await run("tar", ["-xzf", path, "-C", into, "--strip-components=1"])
  await writeFile(join(folder.path, "package.json"), JSON.stringify({ private: true, type: "module" }))
})

afterAll(() => folder.remove())

test.each(["NodeNext", "Bundler"])(
  "an application that declares the namespace has its types, and one that does not still compiles, resolving as %s",
  async (resolution) => {
    const files = { "lucia.ts": declared, "app.d.ts": namespace }
    await Promise.all([
      compile(`${resolution}-declared`, resolution, files),
      compile(`${resolution}-bare`, resolution, { "lucia.ts": undeclared }),
    ])
  },
)

async function compile(name: string, moduleResolution: string, files: Record<string, string>): Promise<void> {
  const into = join(folder.path, name)
  await mkdir(into)
  const module = moduleResolution === "Bundler" ? "ESNext" : moduleResolution
  const compilerOptions = {
    target: "ES2022",
    module,
    moduleResolution,
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
  }
  const written = { ...files, "tsconfig.json": JSON.stringify({ compilerOptions }) }
  for (const [file, text] of Object.entries(written)) await writeFile(join(into, file), text)
  const { stdout } = await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", into]).catch(
    (error: { stdout: string }) => error,
  )
  expect(stdout).toBe("")
}
