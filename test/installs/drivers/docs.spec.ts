import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { build } from "esbuild"
import { Miniflare } from "miniflare"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { schema } from "../../../adapters/sql.ts"
import { elsewhere } from "../../docs/page-blocks.ts"
import { createSqliteTables, openPage, signInWith } from "../../docs/page-run.ts"
import type { PageRun } from "../../docs/page-run.ts"

const userTable = 'CREATE TABLE "user" (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE)'
const done = "signed up, in and out"

// What only a Worker has. docs/getting-started/workers.md is compiled against Cloudflare's own types.
const worker = `declare module "cloudflare:workers" {
  export const env: { DB: import("nightlatch/adapters/d1").D1Client }
}`

describe("docs/databases/sqlite.md", () => {
  const page = compiled("docs/databases/sqlite.md")

  test("bun.ts signs a user up, in and out in Bun", async () => {
    createSqliteTables(page().path)
    await page().write("run-in-bun.ts", signInWith("bun.ts"))
    const bun = join(import.meta.dirname, "node_modules/.bin/bun")
    const { stdout } = await promisify(execFile)(bun, ["run-in-bun.ts"], { cwd: page().path })
    expect(stdout.trim()).toBe(done)
  })

  test("d1.ts signs a user up, in and out in a Worker", async () => {
    expect(await inWorker(page())).toBe(done)
  })
})

describe("docs/databases/postgresql.md", () => {
  const page = compiled("docs/databases/postgresql.md")

  test("pglite.ts signs a user up, in and out", async () => {
    const create = `import { PGlite } from "@electric-sql/pglite"
      const db = new PGlite("./pgdata")
      for (const statement of ${JSON.stringify([userTable, ...schema("postgres")])}) await db.exec(statement)
      await db.close()`
    await page().run(create)
    expect(await page().signIn("pglite.ts")).toBe(done)
  }, 120_000)
})

/** Writes the blocks of a page, and compiles those that need the packages of this folder. */
function compiled(name: string): () => PageRun {
  let page: PageRun
  beforeAll(async () => {
    page = await openPage(name, import.meta.dirname)
    await page.write("bun.d.ts", readFileSync(join(import.meta.dirname, "bun.d.ts"), "utf8"))
    await page.write("worker.d.ts", worker)
  })
  afterAll(() => page.remove())

  test("the TypeScript compiles", () => {
    const own = elsewhere.drivers.filter((path) => path.startsWith(name))
    const files = own.map((path) => path.replace(`${name}/`, ""))
    expect(files).not.toEqual([])
    expect(page.mistakesIn([...files, "bun.d.ts", "worker.d.ts"])).toEqual([])
  })
  return () => page
}

async function inWorker({ path, write }: PageRun): Promise<string> {
  const [imports, call] = signInWith("d1.ts").split("\nconsole.log")
  await write("worker.ts", `${imports}\nexport default { fetch: async () => new Response(${call}) }`)
  const { outputFiles } = await build({
    entryPoints: [join(path, "worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:workers"],
    logLevel: "error",
  })
  const miniflare = new Miniflare({
    modules: true,
    script: outputFiles[0]!.text,
    compatibilityDate: "2026-04-01",
    d1Databases: ["DB"],
    cf: false,
    host: "127.0.0.1",
  })
  try {
    const db = await miniflare.getD1Database("DB")
    for (const sql of [userTable, ...schema("sqlite")]) await db.prepare(sql).run()
    return await (await miniflare.dispatchFetch("http://localhost/")).text()
  } finally {
    await miniflare.dispose()
  }
}
