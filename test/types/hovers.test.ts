import { readFileSync } from "node:fs"
import ts from "typescript"
import { expect, test } from "vitest"

import { root } from "../package/tarball.ts"

const sample = `${root}test/types/hovers-sample.ts`
const text = `
import { Hono } from "hono"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createHonoAuth } from "../../src/hono.ts"
import { createAuth } from "../../src/index.ts"
import type { InferSession, InferUser, Member } from "../../src/index.ts"
import { createNextAuth } from "../../src/next.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { createNodeAuth } from "../../src/node.ts"
import { createSessionContext } from "../../src/react.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import { createWebAuth } from "../../src/web.ts"

interface UserRow {
  id: string
  username: string
  passwordHint: string
}

const auth = createAuth({
  adapter: memoryAdapter<UserRow, { label?: string }>(),
  getUserAttributes: ({ username }) => ({ username }),
  getSessionAttributes: ({ label }) => ({ label }),
})
const { session: found, user: foundUser } = await auth.validateSession("token")
const { session: created } = await auth.createSession("ada")

const { getSession } = createNextAuth(auth, { signInPath: "/sign-in" })
const inNext = await getSession()
const { validateRequest } = createPagesAuth(auth, { signInPath: "/sign-in" })
const inPages = await validateRequest(null!, null!)
new Hono().use(createHonoAuth(auth)).get("/", async (c) => {
  const onHono = c.var.auth
  const inHono = await c.var.auth.validate()
  return c.json(inHono)
})
const inWeb = await createWebAuth(auth).handleRequest(new Request("https://app.example")).validate()
const inNode = await createNodeAuth(auth).handleRequest(null!, null!).validate()
const inReact = createSessionContext<typeof auth>().useSession()
type NamedMember = Member<typeof auth>
type NamedUser = InferUser<typeof auth>
type NamedSession = InferSession<typeof auth>

const stateless = createStatelessAuth({
  secrets: ["x"],
  getUserAttributes: ({ role }: { role: string }) => ({ role }),
})
const { user: statelessUser, session: statelessSession } = await stateless.validateSession("token")
`

const service = ts.createLanguageService({
  getScriptFileNames: () => [sample, `${root}src/next/lib/modules.d.ts`],
  getScriptVersion: () => "1",
  getScriptSnapshot(file) {
    const content = file === sample ? text : ts.sys.readFile(file)
    return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
  },
  getCurrentDirectory: () => root,
  getCompilationSettings: () => settings(),
  getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
  fileExists: (file) => file === sample || ts.sys.fileExists(file),
  readFile: (file) => readFileSync(file, "utf8"),
  directoryExists: ts.sys.directoryExists,
  getDirectories: ts.sys.getDirectories,
})

test("the sample has no type error", () => {
  const problems = service.getSemanticDiagnostics(sample)
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))).toEqual([])
})

const user = "{ id: string; username: string; }"
const session =
  "{ id: string; userId: string; createdAt: Date; expiresAt: Date; fresh: boolean; label: string | undefined; }"
const member = `{ session: ${session}; user: ${user}; }`

test.each([
  ["found", `const found: ${session} | null`],
  ["foundUser", `const foundUser: ${user} | null`],
  ["created", `const created: ${session}`],
  ["inNext", `const inNext: ${member} | null`],
  ["inPages", `const inPages: ${member} | null`],
  ["inHono", `const inHono: ${member} | null`],
  ["inWeb", `const inWeb: ${member} | null`],
  ["inNode", `const inNode: ${member} | null`],
  ["inReact", `const inReact: ${member} | null`],
  ["NamedMember", `type NamedMember = ${member}`],
  ["NamedUser", `type NamedUser = ${user}`],
  ["NamedSession", `type NamedSession = ${session}`],
  ["statelessUser", "const statelessUser: { id: string; role: string; } | null"],
])("an editor shows the fields of %s", (name, shown) => {
  expect(hover(name)).toBe(shown)
})

test("an editor shows c.var.auth, getSession() and createAuth() in one line that names the auth once", () => {
  expect(hover("onHono")).toMatch(/^const onHono: RequestSession<Auth<UserRow, .*>>$/)
  expect(hover("getSession }")).toBe(`const getSession: () => Promise<${member} | null>`)
  expect(hover("createAuth({")).not.toContain("overload")
})

/** What an editor shows over the first mention of a name that is not an import. */
function hover(name: string): string {
  const body = text.indexOf("interface UserRow")
  const info = service.getQuickInfoAtPosition(sample, text.indexOf(name, body))
  return ts.displayPartsToString(info?.displayParts).replaceAll(/\s+/g, " ")
}

function settings(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  return { ...options, noErrorTruncation: true, noUnusedLocals: false }
}
