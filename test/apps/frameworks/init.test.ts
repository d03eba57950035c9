import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { RowDataPacket } from "mysql2"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createVisitor } from "../examples/visitor.ts"
import { mysqlUrl } from "../../machine.ts"
import { mysqlServer, postgresServer } from "../../servers.ts"
import { testBrowserFlow } from "./browser-flow.ts"
import { testSignInFlow } from "./http-flow.ts"
import { initProject, openWorkshop } from "./init-project.ts"
import type { Workshop } from "./init-project.ts"
import { startApp } from "./page-app.ts"
import type { RunningApp } from "../running-app.ts"

const run = promisify(execFile)
const servers = ["hono", "@hono/node-server", "express@5"]
const drivers = ["better-sqlite3@13.2.0", "pg", "postgres", "mysql2"]
const types = ["typescript@6.0.3", "@types/node@24", "@types/express@5", "@types/pg", "@types/better-sqlite3"]

// What `tsc --init` turns on, and more that people turn on.
const strictest = {
  target: "esnext",
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  isolatedModules: true,
  skipLibCheck: true,
}
const esModules = { ...strictest, module: "nodenext", verbatimModuleSyntax: true }

const honoApp = (listen: string) => `import { serve } from "@hono/node-server"
import { Hono } from "hono"

const app = new Hono()

app.get("/", (c) => c.text("Hello"))
${listen}
`
const listen = "serve({ fetch: app.fetch, port: Number(process.env.PORT) })"
const expressApp = `const express = require("express")

const app = express()

app.get("/", (req, res) => res.send("Hello"))
app.get("/dashboard", require("./auth/routes.js").requireUser, (req, res) => res.json(res.locals.user))
app.listen(process.env.PORT)
`

const expressModule = `import express from "express"

const app = express()

app.listen(0)
`

let workshop: Workshop

beforeAll(async () => {
  workshop = await openWorkshop([...servers, ...drivers, ...types, "@node-rs/argon2"])
})
afterAll(() => workshop?.remove())

describe("what init adds to Hono in TypeScript, over node:sqlite", () => {
  visit(async () => {
    const folder = await workshop.createProject("hono-app", {
      "package.json": manifest({ type: "module" }, "hono", "typescript"),
      "tsconfig.json": JSON.stringify({ compilerOptions: { ...esModules, rootDir: "src", outDir: "dist" } }),
      "src/index.ts": honoApp(`app.get("/dashboard", requireUser, (c) => c.json(c.var.user))\n${listen}`),
    })
    await initProject(folder)
    const entry = join(folder, "src/index.ts")
    const text = await readFile(entry, "utf8")
    await workshop.createProject("hono-app", {
      "src/index.ts": text.replace("{ authRoutes }", "{ authRoutes, requireUser }"),
    })
    await typeCheck(folder, "--noEmit", "false")
    return { folder, start: "node dist/index.js" }
  })
})

describe("what init adds to Express with require, over PostgreSQL", async () => {
  const server = await postgresServer()
  if (!server) return
  afterAll(server.close)
  visit(async () => {
    const folder = await workshop.createProject("express-app", {
      "package.json": manifest({}, "express", "pg"),
      "src/app.js": expressApp,
    })
    await initProject(folder)
    await server.pool.query(await readFile(join(folder, "src/auth/tables.sql"), "utf8"))
    const { rows } = await server.pool.query<{ search_path: string }>("SHOW search_path")
    const url = new URL(server.pool.options.connectionString ?? "")
    url.searchParams.set("options", `-c search_path=${rows[0]!.search_path}`)
    return { folder, start: "node src/app.js", env: { DATABASE_URL: url.href } }
  })
})

describe("what init adds to Express in JavaScript modules, over MariaDB", async () => {
  const server = await mysqlServer({ multipleStatements: true })
  if (!server) return
  afterAll(server.close)
  visit(async () => {
    const folder = await workshop.createProject("express-modules", {
      "package.json": manifest({ type: "module" }, "express", "mysql2"),
      "app.js": expressApp
        .replace(
          'const express = require("express")',
          'import express from "express"\nimport { requireUser } from "./auth/routes.js"',
        )
        .replace('require("./auth/routes.js").requireUser', "requireUser"),
    })
    await initProject(folder)
    await server.pool.query(await readFile(join(folder, "auth/tables.sql"), "utf8"))
    const [rows] = await server.pool.query<RowDataPacket[]>("SELECT DATABASE() AS name")
    const url = Object.assign(new URL(mysqlUrl), { pathname: `/${String(rows[0]!.name)}` })
    return { folder, start: "node app.js", env: { DATABASE_URL: url.href } }
  })
})

/** Tests a project that was set up, over HTTP and in a browser. */
function visit(setUp: () => Promise<{ folder: string; start: string; env?: Record<string, string> }>): void {
  let running: RunningApp
  beforeAll(async () => {
    const { folder, start, env } = await setUp()
    running = await startApp(folder, start, env)
  })
  afterAll(() => running?.stop())

  testSignInFlow(() => running)
  testBrowserFlow(() => running)

  test("comes back to the page that was wanted, and to no other site", async () => {
    const visitor = createVisitor(running.origin)
    const account = { username: "grace-h", password: "correct horse battery" }
    expect((await visitor.get("/dashboard?tab=1")).headers.get("Location")).toBe("/sign-in?next=%2Fdashboard%3Ftab%3D1")
    const page = await (await visitor.get("/sign-in?next=%2Fdashboard%3Ftab%3D1")).text()
    expect(page).toContain('name="next" value="/dashboard?tab=1"')
    const created = await visitor.post("/sign-up", { ...account, next: "/dashboard?tab=1" })
    expect(created.headers.get("Location")).toBe("/dashboard?tab=1")
    expect(await (await visitor.get("/dashboard")).json()).toMatchObject({ username: "grace-h" })
    for (const next of ["https://attacker.example", "//attacker.example", "/\\attacker.example"]) {
      const signedIn = await visitor.post("/sign-in", { ...account, next })
      expect(signedIn.headers.get("Location")).toBe("/profile")
      const again = await visitor.get(`/sign-in?next=${encodeURIComponent(next)}`)
      expect(again.headers.get("Location")).toBe("/profile")
    }
  })

  test("escapes what was typed, and ties an error to its field", async () => {
    const visitor = createVisitor(running.origin)
    const username = `"><script>alert('1')</script>&`
    const refused = await visitor.post("/sign-up", { username, password: "correct horse battery", next: username })
    expect(refused.status).toBe(422)
    const html = await refused.text()
    expect(html).not.toContain("<script")
    expect(html).toContain('value="&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#38;"')
    const [input = ""] = /<input id="username"[^>]*>/.exec(html) ?? []
    for (const attribute of ['aria-invalid="true"', 'aria-describedby="username-error"', 'autocomplete="username"']) {
      expect(input).toContain(attribute)
    }
    expect(html).toContain('<span id="username-error">Use 3 to 31 letters, digits, _ or -.</span>')
    expect(html).toContain('<label for="username">')
    expect(html).toContain("<title>Error: Create an account</title>")
    expect(html).toContain('autocomplete="new-password"')
  })

  test("tries ten passwords for a username at once, and no more, however it is spelt", async () => {
    const visitor = createVisitor(running.origin)
    const signIn = async (username: string) => {
      return (await visitor.post("/sign-in", { username, password: "wrong horse battery", next: "" })).text()
    }
    for (let n = 0; n < 10; n++) expect(await signIn("nobody")).toContain("Incorrect username or password.")
    for (const name of ["nobody", "NoBody"])
      expect(await signIn(name)).toMatch(/Too many attempts. Try again in \d+ sec/)
    expect(await signIn("nobody-else")).toContain("Incorrect username or password.")
  })

  test("lets no cache keep its pages, and survives forms that are none", async () => {
    const visitor = createVisitor(running.origin)
    for (const path of ["/sign-in", "/sign-up"]) {
      expect((await visitor.get(path)).headers.get("Cache-Control")).toBe("private, no-store")
      expect((await visitor.post(path, { username: ["a", "b"], password: ["c", "d"] })).status).toBeOneOf([401, 422])
      expect((await visitor.post(path, {})).status).toBeOneOf([401, 422])
      expect((await visitor.postJson(path, { username: {} })).status).toBeOneOf([401, 422])
      const broken = { "Content-Type": "multipart/form-data" }
      expect((await visitor.post(path, {}, broken)).status).toBeOneOf([401, 422])
    }
  })
}

const libraries = ["node:sqlite", ...drivers.map((each) => each.split("@", 1)[0]!)]
const settings = {
  modules: { type: "module", options: esModules },
  endings: { type: "module", options: { ...esModules, allowImportingTsExtensions: true } },
  require: { type: "commonjs", options: { ...strictest, module: "nodenext" } },
}
const combinations = [
  ...libraries.flatMap((database) => [
    ["hono", database, "modules"] as const,
    ["express", database, "endings"] as const,
  ]),
  ["hono", "pg", "require"] as const,
  ["express", "node:sqlite", "require"] as const,
]

test.each(combinations)("what init adds to %s over %s passes TypeScript (%s)", async (framework, database, setting) => {
  const { type, options } = settings[setting]
  const folder = await workshop.createProject(`${framework}-${database.replace(":", "-")}-${setting}`, {
    "package.json": manifest({ type }, framework),
    "tsconfig.json": JSON.stringify({ compilerOptions: options, include: ["src"] }),
    "src/index.ts": framework === "hono" ? honoApp(listen) : expressModule,
  })
  await initProject(folder, "--database", database)
  await typeCheck(folder)
})

async function typeCheck(folder: string, ...args: string[]): Promise<void> {
  const program = join(workshop.folder, "node_modules/typescript/bin/tsc")
  const options = args.length > 0 ? args : ["--noEmit"]
  await run(process.execPath, [program, "-p", folder, ...options]).catch((error: unknown) => {
    throw new Error((error as { stdout: string }).stdout)
  })
}

function manifest(more: object, ...packages: string[]): string {
  return JSON.stringify({
    private: true,
    ...more,
    dependencies: Object.fromEntries(packages.map((name) => [name, "*"])),
  })
}
