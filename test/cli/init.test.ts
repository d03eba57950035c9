import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { transform } from "esbuild"
import { describe, expect, test } from "vitest"
import { databases } from "../../src/cli/init/databases.ts"
import { detectProject } from "../../src/cli/init/detect.ts"
import type { Choices } from "../../src/cli/init/detect.ts"
import { planFor } from "../../src/cli/init/plan.ts"
import { run } from "../../src/cli/run.ts"
import { createFolder, readBack, runCommand } from "./migrated-text.ts"
import type { Files } from "./migrated-text.ts"

const node24 = "24.21.0"

function manifest(dependencies: Files, more: object = {}): string {
  return JSON.stringify({ dependencies, ...more })
}

async function detect(files: Files, choices: Choices = {}, node = node24) {
  return detectProject(await createFolder(files), choices, node)
}

const express = { "package.json": manifest({ express: "^5.1.0" }) }
const next = { "package.json": manifest({ next: "16.4.6" }), "app/layout.jsx": "" }

describe("it detects", () => {
  test.each([
    ["next", next],
    ["hono", { "package.json": manifest({ hono: "^4.0.0" }) }],
    ["express", express],
  ])("%s", async (framework, files) => {
    expect(await detect(files)).toMatchObject({ framework, database: { name: "node:sqlite" } })
  })

  test.each(["better-sqlite3", "pg", "postgres", "mysql2"])("%s", async (name) => {
    const { database } = await detect({ "package.json": manifest({ express: "5", [name]: "1" }) })
    expect(database.name).toBe(name)
  })

  test.each([
    ["TypeScript", { "tsconfig.json": "{}" }, { typescript: true, extension: ".js" }],
    ["JavaScript with require", {}, { typescript: false, commonJs: true, extension: ".js" }],
    [
      "endings of TypeScript, in a file with comments that extends another",
      {
        "tsconfig.json": `{ // see https://aka.ms\n  "extends": "./base", /* "x" */ "compilerOptions": { "paths": { "@/*": ["./*"], }, }, }`,
        "base.json": `{ "compilerOptions": { "rewriteRelativeImportExtensions": true } }`,
      },
      { typescript: true, extension: ".ts" },
    ],
  ])("%s", async (_, files, style) => {
    expect((await detect({ ...express, ...files })).style).toMatchObject(style)
  })

  test("JavaScript modules", async () => {
    const project = await detect({ "package.json": manifest({ express: "5" }, { type: "module" }) })
    expect(project.style).toEqual({ typescript: false, commonJs: false, extension: ".js" })
  })

  test.each([
    ["pnpm-lock.yaml", "pnpm add"],
    ["yarn.lock", "yarn add"],
    ["bun.lock", "bun add"],
    ["package-lock.json", "npm install"],
  ])("the package manager of %s, also above a package of a workspace", async (lockFile, install) => {
    const folder = await createFolder({ [lockFile]: "", "packages/app/package.json": manifest({ express: "5" }) })
    expect(detectProject(join(folder, "packages/app"), {}, node24).install).toBe(install)
  })

  test("the package manager that package.json names", async () => {
    const named = manifest({ express: "5" }, { packageManager: "pnpm@10.1.0" })
    expect((await detect({ "package.json": named, "yarn.lock": "" })).install).toBe("pnpm add")
  })

  test("the folder src/, and Cache Components", async () => {
    const files = {
      "package.json": manifest({ next: "^16.0.0" }),
      "src/app/page.js": "",
      "next.config.mjs": "export default { cacheComponents: true }",
    }
    expect(await detect(files)).toMatchObject({ source: "src/", cacheComponents: true, next: 16 })
    expect(await detect(next)).toMatchObject({ source: "", cacheComponents: false })
  })
})

describe("it says what it does not support, and what to do", () => {
  test.each([
    ["no package.json", {}, "There is no package.json here."],
    ["a package.json that is none", { "package.json": "{ hono }" }, "package.json cannot be read: "],
    ["a tsconfig.json that is none", { ...express, "tsconfig.json": "{ strict }" }, "tsconfig.json cannot be read: "],
    ["another framework", { "package.json": manifest({ fastify: "5" }) }, "Found neither Next.js, Hono nor Express"],
    ["the Pages Router", { "package.json": manifest({ next: "16" }), "pages/index.js": "" }, "nextjs-pages.md"],
    ["Next.js 14", { ...next, "package.json": manifest({ next: "^14.2.0" }) }, "Next.js 15 or later"],
    ["Express 4", { "package.json": manifest({ express: "~4.21.0" }) }, "Upgrade to Express 5 first."],
    [
      "Workers",
      { "package.json": manifest({ hono: "4", wrangler: "4" }) },
      "Found wrangler. This sets up Node.js only.",
    ],
    ["Drizzle", { "package.json": manifest({ hono: "4", pg: "8", "drizzle-orm": "1" }) }, "nightlatch schema drizzle"],
    ["Prisma", { "package.json": manifest({ hono: "4", "@prisma/client": "7" }) }, "nightlatch schema prisma"],
    [
      "CommonJS of TypeScript that cannot import ES modules",
      { ...express, "tsconfig.json": `{ "compilerOptions": { "module": "node16" } }` },
      'Set "type": "module" in package.json first.',
    ],
    [
      "CommonJS of TypeScript without import",
      { ...express, "tsconfig.json": `{ "compilerOptions": { "verbatimModuleSyntax": true } }` },
      'Set "type": "module" in package.json first.',
    ],
  ])("%s", async (_, files: Files, message) => {
    const folder = await createFolder(files)
    const before = await readdir(folder)
    expect(await runCommand(folder, "init", "--yes")).toEqual({ code: 1, output: expect.stringContaining(message) })
    expect(await readdir(folder)).toEqual(before)
  })

  test("an old Node.js without a database library", async () => {
    await expect(detect(express, {}, "20.20.2")).rejects.toThrow("Node.js 20.20.2 has no SQLite of its own")
    await expect(detect(express, {}, "22.12.0")).rejects.toThrow("22.13 and later have")
    expect((await detect(express, {}, "22.13.0")).database.name).toBe("node:sqlite")
  })

  test.each([
    [["init", "--framework", "nextjs"], 'Unknown framework "nextjs": did you mean "next"?'],
    [["init", "--database", "mysql"], 'Unknown database "mysql": '],
    [["init", "--force"], 'Unknown option "--force": '],
    [["init", "a", "b"], "Name one folder only."],
    [["init", "two"], "Found hono and express: choose one with --framework."],
    [["init", "libraries"], "Found better-sqlite3 and pg: choose one with --database."],
  ])("%s", async (args, message) => {
    const folder = await createFolder({
      "two/package.json": manifest({ hono: "4", express: "5" }),
      "libraries/package.json": manifest({ hono: "4", pg: "8", "better-sqlite3": "13" }),
    })
    expect(await runCommand(folder, ...args)).toEqual({ code: 2, output: expect.stringContaining(message) })
  })

  test("a database that the user chose is taken, whatever else is there", async () => {
    const files = { "package.json": manifest({ hono: "4", "drizzle-orm": "1", pg: "8" }) }
    expect((await detect(files, { database: "pg" })).database.name).toBe("pg")
  })
})

describe("it never overwrites", () => {
  const own = "// mine\n"

  test("a file that is there: its lines are shown", async () => {
    const folder = await createFolder({ ...express, "auth/auth.js": own, "auth/pages.js": own })
    const { code, output } = await runCommand(folder, "init", "--yes")
    expect(code).toBe(0)
    expect(await readBack(folder, ["auth/auth.js", "auth/pages.js"])).toEqual({
      "auth/auth.js": own,
      "auth/pages.js": own,
    })
    expect(output).toContain(
      `auth/auth.js exists and is left as it is. Add these lines yourself:\n\n  const { createAuth } = require("nightlatch")\n`,
    )
    expect(output).not.toContain("+++ auth/auth.js")
    expect(output).not.toContain("created auth/auth.js")
    expect(output).toContain("created auth/routes.js")
  })

  test.each(["proxy.js", "middleware.js", "middleware.ts"])("%s of Next.js", async (name) => {
    const folder = await createFolder({ ...next, [name]: own })
    const { code, output } = await runCommand(folder, "init", "--yes")
    expect(code).toBe(0)
    expect(await readFile(join(folder, name), "utf8")).toBe(own)
    expect(output).toContain(`${name} exists and is left as it is.`)
    expect(output).toContain(`export const ${name.split(".", 1)[0]} = createAuthProxy(`)
    expect((await readdir(folder)).filter((each) => /^(proxy|middleware)/.test(each))).toEqual([name])
  })

  test("a file that appears while the user reads", async () => {
    const folder = await createFolder(express)
    const { code, output } = await answer(folder, "y", async () => {
      await mkdir(join(folder, "auth"))
      await writeFile(join(folder, "auth/auth.js"), own)
    })
    expect([code, output]).toEqual([1, expect.stringContaining("auth/auth.js could not be created: EEXIST")])
    expect(await readFile(join(folder, "auth/auth.js"), "utf8")).toBe(own)
  })

  test("its own files, when it is run again", async () => {
    const folder = await createFolder(express)
    await runCommand(folder, "init", "--yes")
    const { code, output } = await runCommand(folder, "init", "--yes")
    expect([code, output]).toEqual([0, expect.stringContaining("There is no file to create.")])
    expect(output).not.toContain("is left as it is")
  })
})

describe("it asks", () => {
  test.each(["y", "Y", "yes", " y "])("and creates the files after %j", async (reply) => {
    const folder = await createFolder(express)
    const { code, output, questions } = await answer(folder, reply)
    expect([code, questions]).toEqual([0, ["Create 5 files? [y/N] "]])
    expect(output.match(/^created .*/gm)).toHaveLength(5)
    expect((await readdir(join(folder, "auth"))).toSorted()).toEqual(
      ["auth.js", "credentials.js", "database.js", "pages.js", "routes.js"].toSorted(),
    )
  })

  test.each(["", "n", "no", "yeah"])("and writes nothing after %j", async (reply) => {
    const folder = await createFolder(express)
    const { code, output } = await answer(folder, reply)
    expect([code, output]).toEqual([0, expect.stringMatching(/Nothing was written\.$/)])
    expect(existsSync(join(folder, "auth"))).toBe(false)
  })

  test("and where it cannot, it shows the plan and says so", async () => {
    const folder = await createFolder(express)
    const { code, output } = await runCommand(folder, "init")
    expect(code).toBe(2)
    expect(output).toContain("--- /dev/null\n+++ auth/auth.js\n@@ -0,0 +1,16 @@\n+const { createAuth } = require")
    expect(output).toContain("Next steps:")
    expect(output).toMatch(/nobody can be asked here\. Run it again with --yes to create the files\.$/)
    expect(existsSync(join(folder, "auth"))).toBe(false)
  })

  test("not with --dry-run, which writes nothing", async () => {
    const folder = await createFolder(express)
    const { code, output } = await runCommand(folder, "init", "--dry-run", "--yes")
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/5 files would be created\. Nothing was written: --dry-run\.$/),
    ])
    expect(existsSync(join(folder, "auth"))).toBe(false)
  })
})

describe("it prints what is left to do", () => {
  test("with the commands of the package manager, for what is missing only", async () => {
    const folder = await createFolder({
      "package.json": manifest({ hono: "4", pg: "8" }),
      "pnpm-lock.yaml": "",
      "tsconfig.json": "{}",
    })
    const { output } = await runCommand(folder, "init", "--dry-run")
    expect(output).toContain("\n  pnpm add nightlatch @node-rs/argon2\n")
    expect(output).toContain("\n  pnpm add -D @types/pg @types/node@24\n")
    expect(output).toContain('\n  psql "$DATABASE_URL" -f auth/tables.sql\n')
  })

  test("with the lines for the file and the variable of the application", async () => {
    const folder = await createFolder({
      "package.json": manifest({ hono: "4" }, { type: "module" }),
      "src/server/api.js": "export const api = new Hono<Env>()\n",
    })
    const { output } = await runCommand(folder, "init", "--dry-run")
    expect(output).toContain(
      `In src/server/api.js, add these lines before your own routes:\n\n  import { authRoutes } from "../auth/routes.js"\n  api.route("/", authRoutes)\n`,
    )
  })

  test("with lines that fit anywhere if several files make an application", async () => {
    const folder = await createFolder({ ...express, "a.js": "const a = express()", "b.js": "const b = express()" })
    const { output } = await runCommand(folder, "init", "--dry-run")
    expect(output).toContain(
      `In the file that creates your application, add these lines before your own routes:\n\n  const { authRoutes } = require("./auth/routes.js")\n  app.use(authRoutes)\n`,
    )
  })
})

describe("what it writes can be parsed", () => {
  const frameworks: [string, Files][] = [
    ["express", express],
    ["hono modules", { "package.json": manifest({ hono: "4" }, { type: "module" }) }],
    ["hono in TypeScript", { "package.json": manifest({ hono: "4" }, { type: "module" }), "tsconfig.json": "{}" }],
    ["next", next],
    ["next in TypeScript", { ...next, "tsconfig.json": "{}" }],
  ]
  test.each(frameworks)("%s", async (_, files) => {
    for (const { name } of databases) {
      const project = await detect(files, { database: name })
      for (const { path, text } of planFor(project).files.filter((file) => !file.path.endsWith(".sql"))) {
        const loader = /\.(\w+)$/.exec(path)![1] as "ts" | "tsx" | "js" | "jsx"
        await transform(text, { loader })
        expect(text, path).not.toMatch(/[«»]|LIB\/|^\n/)
        expect(text, path).toMatch(/[^\n]\n$/)
      }
    }
  })
})

async function answer(folder: string, reply: string, meanwhile?: () => Promise<void>) {
  const [lines, questions]: [string[], string[]] = [[], []]
  const print = (text: string) => void lines.push(text)
  const ask = async (question: string) => {
    questions.push(question)
    await meanwhile?.()
    return reply
  }
  const code = await run(["init"], { directory: folder, version: "1.2.3", print, printError: print, ask })
  return { code, output: lines.join("\n"), questions }
}
