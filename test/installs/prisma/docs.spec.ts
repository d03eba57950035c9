import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { blocksOf, elsewhere } from "../../docs/page-blocks.ts"
import { openPage, postgresOfPage } from "../../docs/page-run.ts"
import type { PageRun } from "../../docs/page-run.ts"

const name = "docs/databases/prisma.md"
const done = "signed up, in and out"
const schemas = blocksOf(name, "prisma")
const models = schemas.get("prisma/schema.prisma")!
const setting = models.slice(0, models.indexOf("model "))

let page: PageRun
beforeAll(async () => {
  page = await openPage(name, import.meta.dirname)
  await generate("prisma", models)
  await generate("renamed", setting + schemas.get("prisma/renamed.prisma")!)
  await generate("misnamed", models.replace(/^ {2}user {6}User {5}@/m, "  owner     User     @"))
  await generate(
    "more",
    models.replace(/^( {2}expiresAt .*)$/m, '$1\n  theme     String   @default("light")\n  data      Json?'),
  )
}, 120_000)
afterAll(() => page.remove())

test("the TypeScript compiles", () => {
  const files = elsewhere.prisma.map((path) => path.replace(`${name}/`, ""))
  expect(files.toSorted()).toEqual([...blocksOf(name).keys()].toSorted())
  expect(page.mistakesIn(files)).toEqual([])
})

test("a relation of another name is refused at once, with the name that it needs", async () => {
  const code = clientOf(
    "misnamed",
    `try { prismaAdapter(prisma) } catch ({ code, message }) { console.log(code, message) }`,
  )
  expect(await page.run(code)).toMatch(/^invalid_option model session: .*"owner".*"user"/)
})

test("ifNull asks for optional fields only", async () => {
  const code = clientOf(
    "more",
    `const { updateSession } = prismaAdapter(prisma)
    for (const ifNull of ["theme", "data"])
      console.log(ifNull, await updateSession("a".repeat(64), { theme: "dark" }, { ifNull }).catch(({ code }) => code))`,
  )
  expect((await page.run(code)).split("\n")).toEqual(["theme invalid_option", "data invalid_option"])
})

const database = await postgresOfPage()
afterAll(() => database?.close())

describe.skipIf(!database)("on PostgreSQL", () => {
  const { env, run } = database ?? { env: {}, run: async () => undefined }
  beforeAll(async () => {
    await run(
      ...tables({ user: "User", session: "Session", key: "Key" }, [
        "userId",
        "createdAt",
        "expiresAt",
        "hashedPassword",
      ]),
    )
    await run(
      ...tables({ user: "accounts", session: "auth_sessions", key: "auth_keys" }, [
        "user_id",
        "created_at",
        "expires_at",
        "hashed_password",
      ]),
    )
  })

  test.each(["auth.ts", "renamed.ts"])("%s signs a user up, in and out", async (file) => {
    expect(await page.signIn(file, env)).toBe(done)
  })

  test("sign-up.ts signs a new user in, and nobody whose name is taken", async () => {
    const code = `import { auth } from "./auth.ts"
      import { signUp } from "./sign-up.ts"
      const { user } = await auth.validateSession(await signUp("Ada", "correct horse battery"))
      console.log(user?.username, await signUp("ada", "correct horse battery"))`
    expect(await page.run(code, env)).toBe("Ada null")
  })
})

/** Makes a client in the folder of the page. It needs no schema engine, which would be fetched from the network. */
async function generate(client: string, schema: string): Promise<void> {
  await page.write(`prisma/${client}.prisma`, schema.replace("../generated/prisma", `../generated/${client}`))
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true", CHECKPOINT_DISABLE: "1" }
  const args = ["generate", "--schema", `prisma/${client}.prisma`]
  await promisify(execFile)(`${import.meta.dirname}/node_modules/.bin/prisma`, args, { cwd: page.path, env })
}

function clientOf(client: string, code: string): string {
  return `import { PrismaPg } from "@prisma/adapter-pg"
    import { prismaAdapter } from "nightlatch/adapters/prisma"
    import { PrismaClient } from "./generated/${client}/client.ts"
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: "postgres://127.0.0.1:1/none" }) })
    ${code}`
}

/** What `prisma migrate dev` would make, which needs the schema engine. */
function tables({ user, session, key }, [userId, createdAt, expiresAt, hashedPassword]: string[]): string[] {
  const owner = `"${userId}" TEXT NOT NULL REFERENCES "${user}" (id) ON DELETE CASCADE`
  return [
    `CREATE TABLE "${user}" (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE)`,
    `CREATE TABLE "${session}" (id TEXT PRIMARY KEY, ${owner}, "${createdAt}" TIMESTAMP(3) NOT NULL, "${expiresAt}" TIMESTAMP(3) NOT NULL)`,
    `CREATE TABLE "${key}" (id TEXT PRIMARY KEY, ${owner}, "${hashedPassword}" TEXT)`,
  ]
}
