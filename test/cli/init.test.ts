import { existsSync } from "node:fs"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { transform } from "esbuild"
import { describe, expect, test } from "vitest"
import { databases } from "../../src/cli/init/databases.ts"
import { planFor } from "../../src/cli/init/plan.ts"
import { run } from "../../src/cli/run.ts"
import { detect, express, manifest, next } from "./init-projects.ts"
import { createFolder, readBack, runCommand } from "./migrated-text.ts"
import type { Files } from "./migrated-text.ts"

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
    expect(output).toContain("--- /dev/null\n+++ auth/auth.js\n@@ -0,0 +1,26 @@\n+const { createAuth } = require")
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

  test.each([
    ["express", express, false],
    ["next", next, true],
  ])("with the clean-up where the code of %s has none", async (_, files, isLeft) => {
    const { output } = await runCommand(await createFolder(files), "init", "--dry-run")
    expect(/^\d\. Run auth\.deleteExpiredSessions\(\)/m.test(output)).toBe(isLeft)
    expect(/^\+setInterval\(/m.test(output)).toBe(!isLeft)
  })

  test.each([
    ["express", express],
    ["next", next],
  ])("with where to look first, in %s", async (_, files) => {
    const { output } = await runCommand(await createFolder(files), "init", "--dry-run")
    expect(output).toMatch(/^\d\. Start your application and open \/sign-up\.$/m)
  })

  test("with the file for a timer in Next.js, next to the pages", async () => {
    const { output } = await runCommand(await createFolder(next), "init", "--dry-run")
    expect(output).toContain("a timer in instrumentation.ts.")
    const folder = await createFolder({ ...next, "src/app/page.tsx": "" })
    expect((await runCommand(folder, "init", "--dry-run")).output).toContain("a timer in src/instrumentation.ts.")
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
