import { execFile } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import ts from "typescript"
import { afterAll, beforeAll, expect, test } from "vitest"

import manifest from "../../package.json" with { type: "json" }
import { root, temporaryFolder } from "./tarball.ts"

const run = promisify(execFile)
const readme = readFileSync(join(root, "README.md"), "utf8")
const pages = [
  "README.md",
  "docs/adapters.md",
  "docs/guides/stateless.md",
  "docs/lucia/v3.md",
  "docs/lucia/v2.md",
  "docs/frameworks.md",
]
const blocks = pages.flatMap((page) => blocksOf(readFileSync(join(root, page), "utf8")))
const fileNames = [
  "auth.ts",
  "app.ts",
  "next.ts",
  "adapter.test.ts",
  "adapter.ts",
  "drizzle.ts",
  "new-users.ts",
  "sign-up.ts",
  "tenants.ts",
  "redis.ts",
  "driver.ts",
  "concurrency.test.ts",
  "executor.ts",
  "stateless.ts",
  "proxy.ts",
  "revocations.ts",
  "snapshots.ts",
  "rotate-old-cookies.ts",
  "over-lucia-adapter.ts",
  "app-router.ts",
  "pages-router.ts",
  "passwords.ts",
  "own-tables.ts",
  "v2-drop-in.ts",
  "v2-own.ts",
  "v2-next.ts",
  "v2-node.ts",
  "hono.ts",
  "web-socket.ts",
  "cross-origin.ts",
]

// What the blocks leave to the reader.
const readersOwn = `
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import type { AdapterSetup } from "nightlatch/testing"
declare global {
  function acceptWebSocket(req: IncomingMessage, socket: Duplex, head: Buffer, user: { id: string }): void
  function userOfProvider(form: FormData): Promise<string | null>
  interface Store { addUser: NonNullable<AdapterSetup["addUser"]>; close(): Promise<void> }
  function emptyStore(): Promise<Store>
  function openPool(): Promise<Store>
  function myAdapter(store: Store): AdapterSetup["adapter"]
}
`

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  folder = await temporaryFolder()
  await symlink(join(root, "node_modules"), join(folder.path, "node_modules"))
  await write("package.json", JSON.stringify({ type: "module" }))
  await write("readers-own.ts", readersOwn)
  await Promise.all(blocks.map((code, index) => write(fileNames[index] ?? `unnamed-${index}.ts`, code)))
})

afterAll(() => folder.remove())

test("the README and the pages of docs have the blocks of TypeScript that these tests know", () => {
  expect(blocks).toHaveLength(fileNames.length)
})

test("each of them compiles against the built package, under strict options", () => {
  expect(mistakesIn(...fileNames)).toEqual([])
}, 60_000)

test("a mistake in one of them is found", async () => {
  await write("wrong.ts", blocks[0]?.replace("username: row.username", "username: row.name") ?? "")
  expect(mistakesIn("wrong.ts")).toEqual([expect.stringContaining("Property 'name' does not exist")])
}, 60_000)

test('the block under "First use" signs Ada in, the second time too', async () => {
  for (const attempt of ["first", "second"]) {
    const { stdout } = await run(process.execPath, ["--no-warnings", "auth.ts"], { cwd: folder.path })
    expect(stdout, attempt).toBe("Ada\n")
  }
})

test("its table of entries names each export of the package, and nothing else", () => {
  const named = [...readme.matchAll(/^\| `(nightlatch[^`]*)`/gm)].map(([, name = ""]) => name)
  const exported = Object.keys(manifest.exports).filter((path) => path !== "./package.json")
  expect(named.sort()).toEqual(exported.map((path) => path.replace(".", "nightlatch")).sort())
})

test.each([
  "README.md",
  "SECURITY.md",
  "docs/adapters.md",
  "docs/contributing.md",
  "docs/frameworks.md",
  "docs/lucia/v2-differences.md",
  "docs/lucia/v3-differences.md",
  "docs/lucia/v2.md",
  "docs/lucia/v3.md",
  "docs/getting-started/index.md",
  "docs/getting-started/nextjs.md",
  "docs/getting-started/nextjs-pages.md",
  "docs/performance.md",
  "docs/guides/stateless.md",
  "docs/reference/stateless-format.md",
  "bench/README.md",
  "examples/web/README.md",
  "examples/custom-adapter/README.md",
  "examples/lucia-v2-next-app/README.md",
  "examples/lucia-v2-web/README.md",
  "examples/lucia-v3-next-app/README.md",
  "examples/lucia-v3-next-pages/README.md",
  "examples/next-app/README.md",
  "examples/next-pages/README.md",
  "examples/next-stateless/README.md",
])("the links in %s lead to what is there", (page) => {
  const links = [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(
    ([, link = ""]) => link,
  )
  const local = links.filter((link) => !URL.canParse(link))
  expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
})

function blocksOf(page: string): string[] {
  return [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code)
}

function mistakesIn(...files: string[]): string[] {
  const paths = ["readers-own.ts", ...files].map((file) => join(folder.path, file))
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(paths, compilerOptions))
  return diagnostics.map(({ file, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, "\n")
    return `${file?.fileName ?? "options"}: ${message}`
  })
}

async function write(name: string, content: string): Promise<void> {
  await writeFile(join(folder.path, name), content)
}
