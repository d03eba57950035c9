import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { detectProject } from "../../src/cli/init/detect.ts"
import { detect, express, manifest, next, node24 } from "./init-projects.ts"
import { createFolder, runCommand } from "./migrated-text.ts"
import type { Files } from "./migrated-text.ts"

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
    await expect(detect(express, {}, "20.20.2")).rejects.toThrow("Node.js 20.20.2 has no built-in SQLite")
    await expect(detect(express, {}, "22.12.0")).rejects.toThrow("22.13 and later do")
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
