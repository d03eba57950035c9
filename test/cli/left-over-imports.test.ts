import { describe, expect, test } from "vitest"
import { createRepository, migrate, readBack, runCommand } from "./migrated-text.ts"

const manifest = `{ "dependencies": { "lucia": "^3.2.0" } }`
const auth = `import { Lucia } from "lucia"
import { adapter } from "./adapter"
export const lucia = new Lucia(adapter, { getUserAttributes: (row) => row })
`

describe("every form in which code names Lucia is rewritten or listed, and lucia stays in package.json where it is listed", () => {
  test.each([
    `import { Lucia } from "lucia/dist/core.js"\nexport const make = () => new Lucia({})`,
    `export const make = async () => new (await import("lucia")).Lucia({})`,
    `export const make = async () => { const { Lucia } = (await load("lucia")) as typeof import("lucia"); return new Lucia({}) }`,
    `import * as l from "lucia"\nexport const lucia = new l.Lucia({})`,
    `const { Lucia } = require("lucia")\nexports.lucia = new Lucia({})`,
    `import l = require("lucia")\nexport const lucia = new l.Lucia({})`,
    `export * from "lucia"`,
    `import "lucia"`,
    `vi.mock("lucia")`,
    "const l = await import(`lucia`)",
    `import { Lucia } from "lucia"\nexport type Own = Lucia`,
  ])("%s", async (code) => {
    const folder = await createRepository({ "package.json": manifest, "a.ts": `${code}\n` })
    const { output } = await runCommand(folder, "migrate", "lucia", "--write")
    expect(output).toMatch(/^Left for you:\n {2}a\.ts:\d/)
    expect(output).toMatch(/Nothing was changed\.$/)
    expect(await readBack(folder, ["package.json"])).toEqual({ "package.json": manifest })
  })
})

test("what editors import from files of lucia/dist comes from the same places", async () => {
  const { files, leftovers } = await migrate({
    "package.json": manifest,
    "auth.ts": auth.replace(`"lucia"`, `"lucia/dist/core.js"`),
    "header.ts": `import type { User } from "lucia/dist/core"
import { generateId } from "lucia/dist/crypto"
export const greet = (user: User) => user.id + generateId(3)
`,
  })
  expect(files["auth.ts"]).toContain("acceptLuciaTokens(createAuth({")
  expect(files["header.ts"]).toBe(`import type { User } from "./auth"
import { generateId } from "nightlatch/lucia"
export const greet = (user: User) => user.id + generateId(3)
`)
  expect(files["package.json"]).not.toContain('"lucia"')
  expect(leftovers).toEqual([])
})

test("an application that uses helpers alone imports them from the drop-in", async () => {
  const { files, leftovers, notes } = await migrate({
    "package.json": `{ "devDependencies": { "lucia": "3" } }`,
    "a.ts": `import { verifyRequestOrigin, TimeSpan } from "lucia"\nexport { verifyRequestOrigin, TimeSpan }\n`,
    "b.ts": `import { Scrypt as S } from 'lucia'\nexport const hash = new S().hash\n`,
  })
  expect(files["a.ts"]).toContain(`from "nightlatch/lucia"`)
  expect(files["b.ts"]).toContain(`import { Scrypt as S } from 'nightlatch/lucia'`)
  expect(JSON.parse(files["package.json"]!)).toEqual({
    dependencies: { nightlatch: "^1.2.3" },
    devDependencies: {},
  })
  expect([leftovers, notes]).toEqual([[], [expect.stringContaining("No new Lucia() was found")]])
})

test("lucia stays in package.json, and it is said why, while anything imports it", async () => {
  const { files, leftovers, notes } = await migrate({
    "package.json": manifest,
    "auth.ts": auth,
    "load.ts": `export const load = () => import("lucia")\n`,
  })
  expect(JSON.parse(files["package.json"]!)).toEqual({ dependencies: { lucia: "^3.2.0", nightlatch: "^1.2.3" } })
  expect(leftovers).toEqual([expect.stringMatching(/^load\.ts:1 "lucia" is named here .* use nightlatch\/lucia$/)])
  expect(notes).toContain("package.json keeps lucia, because load.ts needs it.")
})

test("in a workspace each package.json says what its own package needs", async () => {
  const { files } = await migrate({
    "package.json": `{ "workspaces": ["packages/*"] }`,
    "packages/auth/package.json": manifest,
    "packages/auth/index.ts": auth.replace("./adapter", "adapters"),
    "packages/app/package.json": manifest,
    "packages/app/a.ts": `import { lucia } from "../auth"\nexport const read = lucia.readSessionCookie\n`,
    "packages/app/b.ts": `import { lucia } from "../auth"\nexport const clear = () => lucia.createBlankSessionCookie()\n`,
    "packages/app/c.ts": `export const load = () => import("lucia")\n`,
    "packages/other/package.json": `{ "name": "other" }`,
    "packages/other/x.ts": "export const x = 1\n",
  })
  const dependencies = (path: string) => (JSON.parse(files[path] ?? "{}") as { dependencies?: object }).dependencies
  expect(dependencies("packages/auth/package.json")).toEqual({ nightlatch: "^1.2.3" })
  expect(dependencies("packages/app/package.json")).toEqual({ lucia: "^3.2.0", nightlatch: "^1.2.3" })
  expect(Object.keys(files)).not.toContain("package.json")
  expect(Object.keys(files)).not.toContain("packages/other/package.json")
})

test("paths of a jsconfig.json lead to the auth file", async () => {
  const { files } = await migrate({
    "jsconfig.json": `{ "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["./src/*"] } } }`,
    "src/auth.js": auth,
    "src/page.js": `import { lucia } from "@/auth"\nexport const clear = () => lucia.createBlankSessionCookie()\n`,
  })
  expect(files["src/page.js"]).toContain("auth.createBlankSessionCookie()")
})

test("what Nuxt imports by itself is listed", async () => {
  const { leftovers } = await migrate({
    "server/utils/auth.ts": auth,
    "server/api/out.ts": "export default () => lucia.createBlankSessionCookie()\n",
  })
  expect(leftovers).toEqual([expect.stringMatching(/^server\/api\/out\.ts:1 nothing in this file was changed/)])
})

describe("types that are registered", () => {
  const registered = (block: string) => `${auth}\ndeclare module "lucia" {\n${block}\n}\n`

  test("beside Register the block may declare the types that it names", async () => {
    const { files, leftovers } = await migrate({
      "auth.ts": registered(`  interface Register {
    Lucia: typeof lucia
    DatabaseUserAttributes: DatabaseUserAttributes
  }
  // the user table
  interface DatabaseUserAttributes {
    username: string
  }`),
    })
    expect(files["auth.ts"]).toMatch(
      /\n\/\/ the user table\ninterface DatabaseUserAttributes \{\n {2}username: string\n\}\n\ntype UserRow = \{ id: string \} & DatabaseUserAttributes\n$/,
    )
    expect(files["auth.ts"]).toContain("fromLuciaAdapter<UserRow>(adapter)")
    expect(leftovers).toEqual([])
  })

  test("they move with it out of its own file", async () => {
    const { files, leftovers } = await migrate({
      "auth.ts": auth,
      "lucia.d.ts": `import type { lucia } from "./auth"
declare module "lucia" {
  interface Register { Lucia: typeof lucia; DatabaseUserAttributes: Columns }
  export type Columns = { username: string }
}
`,
    })
    expect(files["auth.ts"]).toContain(
      "type Columns = { username: string }\n\ntype UserRow = { id: string } & Columns\n",
    )
    expect(files["lucia.d.ts"]).not.toContain("declare module")
    expect(leftovers).toEqual([])
  })

  test("the type of user ids stays known where Lucia's own types are used", async () => {
    const { files } = await migrate({
      "auth.ts": registered("  interface Register { Lucia: typeof lucia; UserId: number }"),
      "adapter.ts": `import type { Adapter, UserId } from "lucia"
export declare const adapter: Adapter
export const first: UserId = 1
`,
    })
    expect(files["auth.ts"]).toContain(`declare module "nightlatch/lucia" {
  interface Register {
    UserId: number
  }
}`)
    expect(files["adapter.ts"]).toContain(`import type { Adapter, UserId } from "nightlatch/lucia"`)
  })
})

describe("components", () => {
  test("of an application on Lucia v2 import from the drop-in", async () => {
    const page = `<script>
import { LuciaError } from "lucia"
import { generateRandomString } from 'lucia/utils'
const failed = (e) => e instanceof LuciaError
</script>
`
    const { files, leftovers } = await migrate({
      "auth.ts": `import { lucia } from "lucia"\nexport const auth = lucia({\n  // which\n  adapter: open(),\n  env: "DEV",\n})\n`,
      "page.svelte": page,
    })
    expect(files["page.svelte"]).toBe(
      page.replace(`"lucia"`, `"nightlatch/lucia-v2"`).replace("'lucia/utils'", "'nightlatch/lucia-v2/utils'"),
    )
    expect(files["auth.ts"]).toContain(`lucia({\n  // which\n  storedIds: "clear",\n  adapter: open(),`)
    expect(leftovers).toEqual([])
  })

  test("of an application on Lucia v3 are listed, each line that uses it by whatever name", async () => {
    const { leftovers } = await migrate({
      "auth.ts": auth.replace("const lucia", "const sessions"),
      "page.astro": `---
import { TimeSpan } from "lucia"
import { sessions } from "./auth"
sessions.createBlankSessionCookie()
---
<p>sessions of lucia</p>
`,
    })
    expect(leftovers.map((each) => each.split(" ")[0])).toEqual(["page.astro:2", "page.astro:3", "page.astro:4"])
  })

  test("that alone name Lucia are listed too", async () => {
    const folder = await createRepository({ "a.vue": `<script setup>\nimport { Lucia } from "lucia"\n</script>\n` })
    expect((await runCommand(folder, "migrate", "lucia")).output).toMatch(
      /^Left for you:\n {2}a\.vue:2 .*\n\nNothing was changed/,
    )
  })
})

test("Lucia v2 that is required, or given options from elsewhere, is pointed at its drop-in and told about ids", async () => {
  const { files, leftovers } = await migrate({
    "auth.js": `const { lucia } = require("lucia")\nexports.auth = lucia({ adapter, env: "DEV" })\n`,
    "other.ts": `import { lucia as make } from "lucia"\nexport const other = make(options)\n`,
  })
  expect(files["auth.js"]).toContain(`require("nightlatch/lucia-v2")`)
  expect(files["auth.js"]).toContain(`lucia({ storedIds: "clear", adapter, env: "DEV" })`)
  expect(leftovers).toEqual([expect.stringMatching(/^other\.ts:2 give lucia\(\) the option storedIds: "clear"/)])
})
