import { execFileSync, spawnSync } from "node:child_process"
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { build } from "esbuild"
import { describe, expect, test, vi } from "vitest"
import { diffLines } from "../../src/cli/line-diff.ts"
import { migratePackageJson } from "../../src/cli/package-json.ts"
import { root } from "../package/tarball.ts"
import { authFile, createFolder, createRepository, git, readBack, runCommand } from "./migrated-text.ts"
import type { Files } from "./migrated-text.ts"

const login = `import { lucia } from "./auth"
export async function login(userId: string) {
  const session = await lucia.createSession(userId, {})
  return lucia.createSessionCookie(session.id).serialize()
}
`
const application: Files = {
  "package.json": `{\n  "name": "app",\n  "dependencies": {\n    "lucia": "^3.2.2",\n    "zod": "4.0.0"\n  }\n}\n`,
  "auth.ts": authFile,
  "login.ts": login,
}
const names = Object.keys(application)

test("shows what would change, and writes nothing", async () => {
  const folder = await createFolder(application)
  const { code, output } = await runCommand(folder, "migrate", "lucia")
  expect(code).toBe(0)
  expect(output).toContain(`--- login.ts
+++ login.ts
@@ -1,5 +1,5 @@
-import { lucia } from "./auth"
+import { auth } from "./auth"
 export async function login(userId: string) {
-  const session = await lucia.createSession(userId, {})
-  return lucia.createSessionCookie(session.id).serialize()
+  const { token } = await auth.createSession(userId)
+  return auth.createSessionCookie(token).serialize()
 }
`)
  expect(output).toMatch(/3 files would change\. Nothing was written: --write does\.$/)
  expect(await readBack(folder, names)).toEqual(application)
})

test("--write writes it, and once more changes nothing", async () => {
  const folder = await createRepository(application)
  const { code, output } = await runCommand(folder, "migrate", "lucia", "--write")
  expect(code).toBe(0)
  expect(output.match(/^changed .*/gm)).toEqual(["changed auth.ts", "changed login.ts", "changed package.json"])
  const written = await readBack(folder, names)
  expect(written["login.ts"]).toContain("const { token } = await auth.createSession(userId)")
  expect(written["package.json"]).toBe(
    `{\n  "name": "app",\n  "dependencies": {\n    "nightlatch": "^1.2.3",\n    "zod": "4.0.0"\n  }\n}\n`,
  )
  expect(await runCommand(folder, "migrate", "lucia", "--write")).toEqual({ code: 0, output: "Nothing to change." })
  expect(await readBack(folder, names)).toEqual(written)
})

test("a folder may be named, and what was installed or generated is not read", async () => {
  const generated = ["node_modules/x", ".next/server", "dist", "build"].map((path) => `app/${path}/auth.ts`)
  const own = Object.fromEntries(Object.entries(application).map(([name, text]) => [`app/${name}`, text]))
  const copies = Object.fromEntries(generated.map((path) => [path, authFile]))
  const folder = await createRepository({ ...own, ...copies })
  const { code, output } = await runCommand(folder, "migrate", "lucia", "app", "--write")
  expect(code).toBe(0)
  expect(output).toContain("3 files changed.")
  expect(await readBack(folder, generated)).toEqual(copies)
})

test("what is left by hand is named with its line, also in components", async () => {
  const folder = await createFolder({
    ...application,
    "stray.ts": `import { lucia } from "./auth"\n\nexport const start = () => lucia.createSession("1", {})\n`,
    "page.vue": `<script setup>\nimport { lucia } from "./auth"\nlucia.createBlankSessionCookie()\n</script>\n`,
  })
  const { code, output } = await runCommand(folder, "migrate", "lucia")
  expect(code).toBe(0)
  expect(output).toContain(`Left for you:
  page.vue:2  a component that uses lucia is not rewritten
  page.vue:3  a component that uses lucia is not rewritten
  stray.ts:3  lucia.createSession: createSession() gives { session, token } now,`)
})

test("what is left is listed by file and line, and nothing is to be installed where package.json stays", async () => {
  const folder = await createRepository({
    "auth.ts": authFile,
    "b.ts": `import { lucia } from "./auth"
export async function start() {
  const session = await lucia.createSession("1", {})
  return session.id
}
`,
    "a.ts": `import { lucia } from "./auth"\nexport const start = () => lucia.createSession("1", {})\n`,
  })
  const { output } = await runCommand(folder, "migrate", "lucia", "--write")
  expect(output.match(/^ {2}\S+:\d+/gm)).toEqual(["  a.ts:2", "  b.ts:3", "  b.ts:4"])
  expect(output).toMatch(/3 files changed\. Let TypeScript check\.$/)
})

describe("what git could not undo is not written over", () => {
  test("a change that is not committed", async () => {
    const folder = await createRepository(application)
    await writeFile(join(folder, "login.ts"), `${login}// mine\n`)
    const refused = await runCommand(folder, "migrate", "lucia", "--write")
    expect(refused.code).toBe(1)
    expect(refused.output).toMatch(/^Commit these first.*\n\n M login\.ts\n\nNothing was written\.$/)
    expect(await readFile(join(folder, "auth.ts"), "utf8")).toBe(authFile)

    git(folder, "commit", "--quiet", "--all", "--message", "mine")
    await writeFile(join(folder, "notes.txt"), "not in the way")
    expect((await runCommand(folder, "migrate", "lucia", "--write")).code).toBe(0)
    git(folder, "checkout", "--quiet", ".")
    expect(await readFile(join(folder, "auth.ts"), "utf8")).toBe(authFile)
  })

  test("a file that git ignores", async () => {
    const folder = await createRepository({ ...application, ".gitignore": "login.ts\n" })
    const { code, output } = await runCommand(folder, "migrate", "lucia", "--write")
    expect([code, output]).toEqual([1, expect.stringContaining("\n!! login.ts\n")])
    expect(await readBack(folder, names)).toEqual(application)
  })

  test("a folder without a repository, or without git", async () => {
    const folder = await createFolder(application)
    const { code, output } = await runCommand(folder, "migrate", "lucia", "--write")
    expect(code).toBe(1)
    expect(output).toMatch(/^Git does not say what is uncommitted here: fatal: not a git repository/)
    expect(output).toMatch(/Commit the application to a Git repository first.*\n\nNothing was written\.$/)
    vi.stubEnv("PATH", join(folder, "nothing"))
    const without = await runCommand(folder, "migrate", "lucia", "--write")
    vi.unstubAllEnvs()
    expect(without).toEqual({ code: 1, output: expect.stringContaining("here: there is no git command.") })
    expect(await readBack(folder, names)).toEqual(application)
  })
})

test("a file outside of the folder is left, whoever uses it", async () => {
  const shared = `import { lucia } from "./app/auth"\nexport const clear = () => lucia.createBlankSessionCookie()\n`
  const own = Object.fromEntries(Object.entries(application).map(([name, text]) => [`app/${name}`, text]))
  const folder = await createRepository({
    ...own,
    "app/page.ts": `export { clear } from "../shared"\n`,
    "shared.ts": shared,
  })
  const { code, output } = await runCommand(folder, "migrate", "lucia", "app", "--write")
  expect(code).toBe(0)
  expect(output).toContain("  ../shared.ts:2  not changed: it is outside of the folder")
  expect(await readBack(folder, ["shared.ts"])).toEqual({ "shared.ts": shared })
})

test("names and code are printed so that a terminal does not obey them", async () => {
  const folder = await createRepository({
    "auth.ts": authFile,
    "a\u001b[2J\nb.ts": `import { lucia } from "./auth"\nexport const a = () => lucia.nothing("\u001b]0;x\u0007")\n`,
  })
  const shown = (await runCommand(folder, "migrate", "lucia")).output
  const written = (await runCommand(folder, "migrate", "lucia", "--write")).output
  expect(shown).toContain('lucia.nothing("\\u{1b}]0;x\\u{7}")')
  expect(written).toContain("changed a\\u{1b}[2J\\u{a}b.ts")
  expect(shown + written).not.toMatch(/(?!\n)\p{Cc}/u)
})

test.each([
  ["migrate", "Name what to migrate from: nightlatch migrate lucia"],
  ["migrate auth", 'Unknown library to migrate from "auth": use lucia'],
  ["migrate lucia a b", "Name one folder only."],
  ["migrate lucia --force", 'Unknown option "--force": use --write'],
  ["migrate lucia --wirte", 'Unknown option "--wirte": did you mean "--write"?'],
  ["migrate lucia --write=no", "Option '--write' does not take an argument."],
])("does nothing for arguments that it does not know, and names them: %s", async (args, reason) => {
  const { code, output } = await runCommand(await createFolder(application), ...args.split(" "))
  expect(code).toBe(2)
  expect(output).toContain(`${reason}\n\nUsage: nightlatch migrate lucia [folder] [--write]`)
})

test("a folder that is not there is named", async () => {
  const folder = await createFolder({})
  expect(await runCommand(folder, "migrate", "lucia", "nowhere")).toEqual({
    code: 1,
    output: "There is no folder nowhere.",
  })
})

test("an application that is not understood is not said to need nothing", async () => {
  const folder = await createFolder({
    "auth.ts": `import { Lucia } from "lucia"\nexport const make = (db: object) => new Lucia(db, {})\n`,
  })
  const { output } = await runCommand(folder, "migrate", "lucia")
  expect(output).toMatch(/^Left for you:\n {2}auth\.ts:2 {2}nothing was changed: .*\n\nNothing was changed\.$/)
})

test("an application without Lucia is left alone", async () => {
  const folder = await createFolder({ "package.json": `{ "dependencies": {} }`, "a.ts": "export const lucia = 1\n" })
  expect(await runCommand(folder, "migrate", "lucia", "--write")).toEqual({ code: 0, output: "Nothing to change." })
})

test("without ts-morph it says what to install", async () => {
  const folder = await createRepository({
    ...application,
    ".gitignore": "node_modules\n",
    "command/package.json": `{ "version": "1.2.3", "type": "module" }`,
  })
  const program = join(folder, "command/dist/cli.js")
  await build({ entryPoints: ["src/cli.ts"], bundle: true, platform: "node", format: "esm", outfile: program })
  const args = ["migrate", "lucia", "--write"]
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" })
  expect([status, stdout]).toEqual([1, expect.stringContaining("npm install --save-dev ts-morph\n")])
  expect(await readBack(folder, names)).toEqual(application)

  // The application's own is taken.
  await mkdir(join(folder, "node_modules"))
  await symlink(join(root, "node_modules/ts-morph"), join(folder, "node_modules/ts-morph"))
  const { status: done } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" })
  expect(done).toBe(0)
  expect((await readBack(folder, names))["package.json"]).toContain(`"nightlatch": "^1.2.3"`)
})

test("a ts-morph that is too old is named", async () => {
  const old = `exports.ts = { version: "4.9.5" }\n`
  const folder = await createFolder({ ...application, "node_modules/ts-morph/index.js": old })
  const { code, output } = await runCommand(folder, "migrate", "lucia")
  expect([code, output]).toEqual([
    1,
    expect.stringContaining("ts-morph 20 or later, and finds one of TypeScript 4.9.5"),
  ])
})

describe("package.json", () => {
  test("keeps lucia for an adapter that needs it, and says so", () => {
    const before = `{\n\t"dependencies": {\n\t\t"@lucia-auth/adapter-drizzle": "1.1.0",\n\t\t"lucia": "3.2.2"\n\t}\n}`
    const { text, notes } = migratePackageJson(before, "1.2.3")
    expect(text).toBe(before.replace(`"3.2.2"`, `"3.2.2",\n\t\t"nightlatch": "^1.2.3"`))
    expect(notes).toEqual(["package.json keeps lucia, because @lucia-auth/adapter-drizzle needs it."])
  })

  test("keeps the nightlatch that it has, and is not written again for nothing", () => {
    const before = `{ "dependencies": { "zod": "4", "nightlatch": "file:../.." } }`
    expect(migratePackageJson(before, "1.2.3").text).toBe(before)
  })
})

test("diffLines() writes hunks that patch reads", async () => {
  const before = Array.from({ length: 30 }, (_, at) => `line ${at}\n`)
  const after = before.with(2, "two\n").with(20, "twenty\nand more\n").toSpliced(10, 1)
  const folder = await createFolder({ "a.txt": before.join("") })
  const patch = `--- a.txt\n+++ a.txt\n${diffLines(before.join(""), after.join(""))}`
  execFileSync("patch", ["--quiet", "a.txt"], { cwd: folder, input: patch })
  expect(await readBack(folder, ["a.txt"])).toEqual({ "a.txt": after.join("") })
})
