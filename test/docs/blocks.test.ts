import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { promisify } from "node:util"
import ts from "typescript"
import { afterAll, beforeAll, expect, test } from "vitest"
import { root, temporaryFolder } from "../package/tarball.ts"

// The pages of docs/getting-started are built whole, by test/apps.
const pages = ["README.md", ...pagesBelow("docs").filter((page) => !page.startsWith("docs/getting-started/"))]
const authFile = blocksOf("README.md").get("auth.ts")!

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

const luciaAdapter = `
export declare const adapter: import("nightlatch/lucia").Adapter & import("nightlatch/lucia-v2").InitializeAdapter<import("nightlatch/lucia-v2").Adapter>
`

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  jsx: ts.JsxEmit.Preserve,
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let mistakes: { file: string; message: string }[]

beforeAll(async () => {
  folder = await temporaryFolder()
  await symlink(join(root, "node_modules"), join(folder.path, "node_modules"))
  await write("package.json", JSON.stringify({ type: "module" }))
  await write("readers-own.ts", readersOwn)
  for (const version of ["v2", "v3"]) await write(`docs/lucia/${version}-differences.md/adapter.ts`, luciaAdapter)
  for (const page of pages) await writeBlocks(page)
  await write("wrong/auth.ts", authFile.replace("username: row.username", "username: row.name"))
  const names = readdirSync(folder.path, { recursive: true, encoding: "utf8" })
  mistakes = mistakesIn(names.filter((name) => /\.tsx?$/.test(name) && !name.startsWith("node_modules")))
}, 120_000)

afterAll(() => folder.remove())

test.each(pages)("the TypeScript of %s compiles against the built package, under strict options", (page) => {
  expect(mistakes.filter(({ file }) => file.startsWith(`${page}/`))).toEqual([])
})

test("a mistake in a block is found", () => {
  const message = expect.stringContaining("Property 'name' does not exist")
  expect(mistakes.filter(({ file }) => file.startsWith("wrong/"))).toEqual([{ file: "wrong/auth.ts", message }])
})

test('the block under "First use" signs Ada in, the second time too', async () => {
  for (const attempt of ["first", "second"]) {
    const cwd = join(folder.path, "README.md")
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", "auth.ts"], { cwd })
    expect(stdout, attempt).toBe("Ada\n")
  }
})

test("the tests of docs/guides/testing.md pass", async () => {
  const cwd = join(folder.path, "docs/guides/testing.md")
  const { stdout } = await promisify(execFile)(process.execPath, ["--test", "app.test.ts"], { cwd })
  expect(stdout).toMatch(/pass 2\b/)
})

/** The blocks of a page by the name in their first line, or a number. Each page is a folder, with the auth file of the README. */
async function writeBlocks(page: string): Promise<void> {
  const blocks = blocksOf(page)
  if (blocks.size === 0) return
  for (const [name, code] of new Map([["auth.ts", authFile], ...blocks])) await write(join(page, name), code)
}

function blocksOf(page: string): Map<string, string> {
  const text = readFileSync(join(root, page), "utf8")
  const blocks = new Map<string, string>()
  for (const [, language = "", code = ""] of text.matchAll(/^```(tsx?)\n(.*?)^```$/gms)) {
    const name = /^\/\/ (\S+\.tsx?)\n/.exec(code)?.[1] ?? `block-${blocks.size + 1}.${language}`
    // A file may be shown in several parts.
    blocks.set(name, (blocks.get(name) ?? "") + code)
  }
  return blocks
}

function mistakesIn(files: string[]): { file: string; message: string }[] {
  const paths = files.map((file) => join(folder.path, file))
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(paths, compilerOptions))
  return diagnostics.map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.text.slice(0, start).split("\n").length : 0
    const name = file ? relative(folder.path, file.fileName) : "options"
    return { file: name, message: `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}` }
  })
}

async function write(name: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder.path, name)), { recursive: true })
  await writeFile(join(folder.path, name), content)
}

function pagesBelow(path: string): string[] {
  const names = readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
  const isMade = (name: string) => /node_modules|^\.vitepress|^reference\/api/.test(name)
  return names.filter((name) => name.endsWith(".md") && !isMade(name)).map((name) => `${path}/${name}`)
}
