import { existsSync, globSync, readFileSync } from "node:fs"
import { symlink } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { examine } from "../../src/cli/doctor/examine.ts"
import { createProject } from "../../src/cli/doctor/project.ts"
import { readProject } from "../../src/cli/doctor/read-project.ts"
import { rules } from "../../src/cli/doctor/rules.ts"
import manifest from "../../package.json" with { type: "json" }
import { root } from "../package/tarball.ts"
import { base } from "./doctor/faults.ts"
import { createFolder, createRepository, runCommand } from "./migrated-text.ts"

const unsafe = {
  "lib/go.ts": `import { redirect } from "next/navigation"\nexport const go = (form: FormData) => redirect(form.get("next"))\n`,
}
const page = readFileSync(join(root, "docs/cli.md"), "utf8")

test("prints each finding with its place and its cure, and ends with 1", async () => {
  const folder = await createFolder({ ...base, ...unsafe })
  expect(await runCommand(folder, "doctor")).toEqual({
    code: 1,
    output: `lib/go.ts:2  error  open-redirect
  A link to this site can send visitors anywhere: the target comes from the request.
  Write \`redirect(safeRedirect(next, "/"))\`, with \`safeRedirect\` from \`nightlatch/web\`.
  See docs/getting-started/nextjs.md

1 error, 0 warnings, 0 advice. 4 files read.`,
  })
})

test("ends with 0 if there is nothing, or only advice", async () => {
  const folder = await createFolder({ ...base, "empty/package.json": base["package.json"]! })
  expect(await runCommand(folder, "doctor")).toEqual({ code: 0, output: "No problems found. 3 files read." })
  const advised = await createFolder({ ...base, "lib/clean-up.ts": "" })
  const { code, output } = await runCommand(advised, "doctor")
  expect(code).toBe(0)
  expect(output).toContain("lib/auth.ts:10  advice  no-clean-up\n")
  expect(output).toContain("  See docs/databases/schema.md\n\n0 errors, 0 warnings, 1 advice.")
})

test("--json prints what docs/cli.md says, for the folder that is named", async () => {
  const account = `import { verifySession } from "@/lib/auth"

export default async function Page() {
  verifySession()
}
`
  const folder = await createFolder(within("app", { ...base, "app/account/page.tsx": account }))
  const { code, output } = await runCommand(folder, "doctor", "app", "--json")
  const documented: unknown = JSON.parse(/^```json\n(.*?)^```$/ms.exec(page)![1]!)
  expect(code).toBe(1)
  expect(JSON.parse(output)).toEqual({ ...Object(documented), files: 4 })
})

test.each([
  [["doctor", "nowhere"], "There is no folder nowhere."],
  [["doctor", "package.json"], "There is no folder package.json."],
  [["doctor", "a", "b"], "One folder can be named."],
  [["doctor", "--jsn"], `Unknown option "--jsn"`],
  [["doctor", "empty"], "No code in empty imports nightlatch, and no package.json lists it."],
])("%j is refused with 2", async (args, message) => {
  const folder = await createFolder({ ...base, "empty/index.ts": "export {}\n" })
  const { code, output } = await runCommand(folder, ...args)
  expect(code).toBe(2)
  expect(output).toContain(message)
})

test("a path cannot speak to the terminal", async () => {
  const folder = await createFolder({ ...base, "lib/\u001b[2J\ngo.ts": unsafe["lib/go.ts"] })
  expect((await runCommand(folder, "doctor")).output).toContain("lib/\\u{1b}[2J\\u{a}go.ts:2  error")
})

describe("reading", () => {
  test("leaves out what was installed, generated or linked, and large files", async () => {
    const go = unsafe["lib/go.ts"]
    const left = [
      "node_modules/x/go.ts",
      "dist/go.ts",
      ".next/go.ts",
      "build/go.js",
      "coverage/go.js",
      "test/go.ts",
      "lib/go.test.ts",
    ]
    const large = `${go}//${"x".repeat(1_000_000)}\n`
    const folder = await createFolder({
      ...base,
      ...Object.fromEntries(left.map((path) => [path, go])),
      "lib/large.ts": large,
      "lib/bundle.js": `${go.trim()};${"x();".repeat(5000)}\n`,
      "lib/types.d.ts": go,
    })
    const outside = await createFolder({ "go.ts": go })
    await symlink(outside, join(folder, "linked"))
    expect(await runCommand(folder, "doctor")).toEqual({ code: 0, output: "No problems found. 3 files read." })
  })

  test("finds the copies in node_modules, and follows no link there", async () => {
    const copy = `{ "name": "nightlatch" }`
    const folder = await createFolder({
      ...base,
      "node_modules/nightlatch/package.json": copy,
      "node_modules/@scope/ui/node_modules/nightlatch/package.json": copy,
      "other/package.json": copy,
      "other/node_modules/nightlatch/package.json": copy,
    })
    await symlink(join(folder, "other"), join(folder, "node_modules/linked"))
    const { output } = await runCommand(folder, "doctor")
    expect(output.match(/^\S+:1 {2}warning {2}two-copies$/gm)).toEqual([
      "node_modules/@scope/ui/node_modules/nightlatch/package.json:1  warning  two-copies",
    ])
  })

  test("knows the .gitignore files above the folder", async () => {
    const app = within("apps/web", { ...base, ".env": "SESSION_SECRET=6wzgpyJdXcV0ma8dCSUB2xYS8fzKGvOq\n" })
    const ignored = await createRepository({ ...app, ".gitignore": ".env\n" })
    expect((await runCommand(ignored, "doctor", "apps/web")).code).toBe(0)
    const kept = await createRepository({ ...app, ".gitignore": ".env\n!.env\n" })
    expect((await runCommand(kept, "doctor", "apps/web")).output).toContain(".env:1  error  env-committed")
  })

  test("reads the scripts of components, with their lines", async () => {
    const script = `import { redirect } from "x"\nredirect(form.get("next"))\n`
    const folder = await createFolder({
      ...base,
      "a.vue": `<template>\n  <p>it's {{ here }}</p>\n</template>\n<script setup lang="ts">\n${script}</script>\n`,
      "b.svelte": `<script>\n${script}</script>\n<p>it's</p>\n<script context="module">\n${script}</script>`,
      "c.astro": `---\n${script}---\n<p>it's { "a" }</p>\n`,
      "d.vue": `<template>redirect(form.get("next"))</template>\n`,
    })
    const findings = examine(readProject(folder, ">=20"))
    expect(findings.map(({ file, line }) => `${file}:${line}`)).toEqual([
      "a.vue:6",
      "b.svelte:3",
      "b.svelte:8",
      "c.astro:3",
    ])
  })
})

test("a comment in the line above silences one rule for one line, if it gives a reason", () => {
  const go = (comment: string) => `${comment}\nredirect(form.get("next"))\nredirect(form.get("next"))\n`
  const lines = (comment: string) => {
    const files = new Map([["go.ts", go(comment)]])
    return examine(createProject(files, { requiredNode: ">=20" })).map(({ line }) => line)
  }
  expect(lines("// nightlatch-doctor-ignore open-redirect: an internal tool")).toEqual([3])
  expect(lines("/* nightlatch-doctor-ignore open-redirect: an internal tool */")).toEqual([3])
  expect(lines("// nightlatch-doctor-ignore open-redirect:")).toEqual([2, 3])
  expect(lines("// nightlatch-doctor-ignore open-redirect")).toEqual([2, 3])
  expect(lines("// nightlatch-doctor-ignore missing-guard: another rule")).toEqual([2, 3])
})

test.each([
  ["next", { next: "16.0.0", react: "19.0.0" }],
  ["hono", { hono: "4.0.0" }],
  ["express", { express: "5.0.0" }],
])("no error and no warning in what init makes for %s", async (framework, dependencies) => {
  const all = { nightlatch: "^0.1.0", "@node-rs/argon2": "2.0.0", ...dependencies }
  const folder = await createFolder({
    "package.json": JSON.stringify({ type: "module", dependencies: all }),
    "tsconfig.json": `{ "compilerOptions": { "strict": true } }\n`,
    ...(framework === "next" && { "app/page.tsx": "export default function Page() {\n  return <p>Hello</p>\n}\n" }),
  })
  expect(await runCommand(folder, "init", "--framework", framework, "--yes")).toMatchObject({ code: 0 })
  const findings = examine(readProject(folder, manifest.engines.node))
  expect(findings.filter(({ severity }) => severity !== "advice")).toEqual([])
  // A server cleans up by itself. In Next.js, how to do so depends on where it runs.
  expect(findings.map(({ rule }) => rule)).toEqual(framework === "next" ? ["no-clean-up"] : [])
})

describe("docs/cli.md", () => {
  test("lists every rule with its severity and what it finds", () => {
    const rows = [...page.matchAll(/^\| `([\w-]+)` +\| (error|warning|advice) +\| (.*?) +\|$/gm)]
    const documented = rows.map(([, name, severity, finds]) => ({ name, severity, finds }))
    expect(documented).toEqual(rules.map(({ name, severity, finds }) => ({ name, severity, finds })))
  })

  test("and every page that a rule points to is in the package", () => {
    const pages = new Set(rules.flatMap((rule) => rule.page ?? []))
    const excluded = manifest.files.filter((each) => each.startsWith("!")).map((each) => each.slice(1))
    for (const each of pages) {
      expect(existsSync(join(root, each)), each).toBe(true)
      expect(excluded).not.toContain(each)
    }
  })

  test("every rule says in a sentence or two what to do", () => {
    for (const { name, cure } of rules) expect(cure, name).toMatch(/^[A-Z].*[.]$/)
  })
})

// The pages on Lucia show code of Lucia.
const pages = globSync(["README.md", "docs/*.md", "docs/{getting-started,guides,reference}/*.md"], { cwd: root })

// A page that is not about databases keeps its sessions in memory, and no page repeats the clean-up.
test.each(pages)("no error and no warning in the code of %s", (path) => {
  const findings = examine(
    createProject(blocksOf(readFileSync(join(root, path), "utf8")), { requiredNode: manifest.engines.node }),
  )
  expect(findings.filter(({ severity, rule }) => severity !== "advice" && rule !== "memory-adapter")).toEqual([])
})

// A block starts with a comment that names its file, or is a file of its own.
function blocksOf(text: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const [, language = "", code = ""] of text.matchAll(
    /^```(tsx?|jsx?|vue|svelte|astro|sql|prisma)\n(.*?)^```$/gms,
  )) {
    const name = /^(?:\/\/|<!--|#|--) *([\w./[\]()+$-]+\.\w+)/.exec(code)?.[1] ?? `block-${files.size}.${language}`
    files.set(name, (files.get(name) ?? "") + code)
  }
  return files
}

function within(folder: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]))
}
