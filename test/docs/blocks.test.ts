import { execFile } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, test } from "vitest"
import { blockFolder, blocksOf, elsewhere, pages } from "./page-blocks.ts"
import type { BlockFolder } from "./page-blocks.ts"

const authFile = blocksOf("README.md").get("auth.ts")!
const compiledElsewhere = new Set(Object.values(elsewhere).flat())

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

let folder: BlockFolder
let mistakes: { file: string; message: string }[]

beforeAll(async () => {
  folder = await blockFolder()
  await folder.write("readers-own.ts", readersOwn)
  for (const version of ["v2", "v3"])
    await folder.write(`docs/lucia/${version}-differences.md/adapter.ts`, luciaAdapter)
  for (const page of pages) await writeBlocks(page)
  await folder.write("wrong/auth.ts", authFile.replace("username: row.username", "username: row.name"))
  const names = readdirSync(folder.path, { recursive: true, encoding: "utf8" })
  mistakes = folder.mistakesIn(names.filter((name) => /\.tsx?$/.test(name) && !name.startsWith("node_modules")))
}, 240_000)

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

/** Writes the blocks of a page into a folder of its own, with the auth file of the README. */
async function writeBlocks(page: string): Promise<void> {
  const blocks = [...blocksOf(page)].filter(([name]) => !compiledElsewhere.has(`${page}/${name}`))
  if (blocks.length === 0) return
  for (const [name, code] of new Map([["auth.ts", authFile], ...blocks])) await folder.write(join(page, name), code)
}
