import { execFile } from "node:child_process"
import { cp, readFile, readdir, writeFile } from "node:fs/promises"
import { basename, join, relative } from "node:path"
import { promisify } from "node:util"
import { afterAll, expect, onTestFinished, test } from "vitest"
import { npm, packed, root, temporaryFolder } from "../../package/tarball.ts"
import { madeOnce } from "../../shared-folder.ts"
import { arrive, cookieNamed, describeInBrowser } from "./example-browser.ts"
import type { DatabaseFile } from "./example-browser.ts"
import { luciaV3Flow, signIn, signOut, signUp, tutorialPaths } from "./lucia-v3-flow.ts"
import { buildApp } from "./next-app.ts"
import type { RunningApp } from "../running-app.ts"

const run = promisify(execFile)

interface MigratedApp {
  /** Paths from the folder of this project. */
  before: string
  after: string
  /** What the command printed, and what when it was run once more. */
  outputs: string[]
  remove(): Promise<void>
}

/** Tests that an example, set back to the real Lucia v3 and then migrated by the packed command, works as before. */
export async function testMigration(
  example: string,
  { changed, replacesCookie }: { changed: string[]; replacesCookie: boolean },
): Promise<void> {
  const app = await migrateExample(example)

  describeInBrowser(app.after, (visit) => {
    afterAll(app.remove)
    luciaV3Flow(visit, tutorialPaths, {
      token: /^[a-z2-7]{32}$/,
      movedId: () => expect.stringMatching(/^[0-9a-f]{64}$/),
      replacesCookie,
    })

    test("nothing is left by hand, and once more changes nothing", () => {
      const [first, second] = app.outputs
      expect(first?.match(/^changed .*$/gm)?.toSorted()).toEqual(changed.map((file) => `changed ${file}`).toSorted())
      expect(first).not.toContain("Left for you")
      expect(second).toBe("Nothing to change.\n")
    })

    test("nothing of the application is named lucia any more, and the code that Lucia needs is still there", async () => {
      const texts = Object.entries(await textsOf(app.after)).filter(([name]) => /\.tsx?$/.test(name))
      const code = texts.map(([, text]) => text).join("\n")
      expect(code).not.toMatch(/\blucia\.|= new Lucia|from "lucia"|declare module/)
      const { dependencies } = JSON.parse((await textsOf(app.after))["package.json"]!) as { dependencies: object }
      expect(dependencies).toMatchObject({ lucia: "3.2.2", nightlatch: expect.stringMatching(/^\^\d/) })
    })

    test("who signed in with Lucia is still signed in after the migration", async () => {
      const database = await visit.createDatabase()
      const old = await startBefore(app, database)
      const page = await visit.openBrowser({ baseURL: old.origin })
      await signUp(page, tutorialPaths, "ada")
      await signOut(page, tutorialPaths)
      await signIn(page, tutorialPaths, "ada")
      const { value } = await cookieNamed(page, "auth_session")
      expect(value).toMatch(/^[a-z2-7]{40}$/)
      expect(idsOf(database)).toEqual([value])
      // Next.js keeps asking its server for more.
      await page.goto("about:blank")
      await old.stop()

      const migrated = await database.start()
      await page.goto(migrated.origin)
      await arrive(page, `${migrated.origin}/`, "Hi, ada!")
      expect(idsOf(database)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
      await page.reload()
      await arrive(page, `${migrated.origin}/`, "Hi, ada!")
      await page.getByRole("button", { name: "Sign out", exact: true }).click()
      await arrive(page, `${migrated.origin}/login`, "Sign in")
      expect(idsOf(database)).toEqual([])

      // The browser's old cookie is void, and the account is the same.
      await page.context().addCookies([{ name: "auth_session", value, url: migrated.origin, secure: true }])
      await page.goto(migrated.origin)
      await arrive(page, `${migrated.origin}/login`, "Sign in")
    }, 300_000)
  })
}

async function startBefore({ before }: MigratedApp, { db }: DatabaseFile): Promise<RunningApp> {
  const built = await buildApp(before)
  onTestFinished(built.remove)
  const running = await built.start({ DATABASE: String(db.location()) })
  onTestFinished(running.stop)
  return running
}

function idsOf({ db }: DatabaseFile): unknown[] {
  return db
    .prepare("SELECT id FROM session")
    .all()
    .map(({ id }) => id)
}

async function migrateExample(example: string): Promise<MigratedApp> {
  const { path, remove } = await temporaryFolder()
  const [before, after] = [join(path, `${basename(example)}-before`), join(path, `${basename(example)}-after`)]
  await cp(join(root, example), before, { recursive: true, filter: isSource })
  await setBack(before)
  await cp(before, after, { recursive: true })
  // The command writes over nothing that is not committed. Beside the application, so that its files stay what they are.
  const asSomebody = ["-c", "user.name=t", "-c", "user.email=t@t"]
  for (const args of [
    ["init", "--quiet"],
    ["add", after],
    [...asSomebody, "commit", "--quiet", "--message", "before"],
  ])
    await run("git", args, { cwd: path })
  const command = await installCommand()
  const migrate = async () => (await run(command, ["migrate", "lucia", after, "--write"])).stdout
  const outputs = [await migrate(), await migrate()]
  return { before: relative(root, before), after: relative(root, after), outputs, remove }
}

async function textsOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = paths.map(async (path) => [relative(join(root, folder), path), await readFile(path, "utf8")] as const)
  return Object.fromEntries(await Promise.all(texts))
}

function isSource(path: string): boolean {
  return !/^(node_modules|\.next|next-env\.d\.ts|package-lock\.json|.*\.db(-.*)?|.*\.tsbuildinfo)$/.test(basename(path))
}

async function setBack(folder: string): Promise<void> {
  const files = Object.entries(await textsOf(relative(root, folder)))
  for (const [name, text] of files) {
    if (/\.tsx?$/.test(name)) await writeFile(join(folder, name), text.replaceAll("nightlatch/lucia", "lucia"))
  }
  const path = join(folder, "package.json")
  const { dependencies, ...rest } = JSON.parse(await readFile(path, "utf8")) as { dependencies: Record<string, string> }
  delete dependencies.nightlatch
  await writeFile(path, JSON.stringify({ ...rest, dependencies: { ...dependencies, lucia: "3.2.2" } }, null, 2))
}

// As `npx nightlatch` finds it: the packed package next to ts-morph.
async function installCommand(): Promise<string> {
  const folder = await madeOnce("command", async (into) => {
    await writeFile(join(into, "package.json"), JSON.stringify({ private: true }))
    await npm(into, "install", "--no-package-lock", "--prefer-offline", (await packed()).path, "ts-morph@28.0.0")
  })
  return join(folder, "node_modules/.bin/nightlatch")
}
