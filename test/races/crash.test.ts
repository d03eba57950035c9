import { fork } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { beforeEach, describe, expect, test } from "vitest"
import type { Crash } from "./crash-worker.ts"
import { changes } from "./crash-worker.ts"
import type { SharedStore } from "./races.ts"
import { openSharedStores } from "./races.ts"

for (const store of await openSharedStores())
  describe(`a process that is killed on ${store.name}`, () => crashes(store))

function crashes({ adapter, address, run }: SharedStore): void {
  beforeEach(async () => {
    for (const table of ["session", "user_key", "user"]) await run(`DELETE FROM "${table}"`)
  })

  test.each(['INSERT INTO "user_key"', "COMMIT"])(
    "[F6][ADP-4] at %s of a sign-up leaves neither user nor key",
    async (dieAt) => {
      const statements = await crash("signUp", dieAt)
      expect(statements).toContainEqual(expect.stringMatching(/^INSERT INTO "user" /))
      expect(await snapshot()).toEqual({ user: [], user_key: [], session: [] })

      expect(await changes.signUp(adapter)).toMatchObject({ user: { id: "ada" } })
    },
  )

  test.each(['UPDATE "user_key"', "COMMIT"])(
    "[F6][EXP-7] at %s of a password change leaves the old password and its sessions",
    async (dieAt) => {
      await changes.signUp(adapter)
      await signIn()
      const before = await snapshot()
      const statements = await crash("changePassword", dieAt)
      expect(statements).toContainEqual(expect.stringMatching(/^DELETE FROM "session" /))
      expect(await snapshot()).toEqual(before)

      expect(await changes.changePassword(adapter)).toEqual({ updated: true })
      expect(await adapter.listSessions("ada")).toEqual([])
    },
  )

  test.each(['DELETE FROM "user_key"', 'DELETE FROM "user" ', "COMMIT"])(
    "[F6][P12] at %s of a user's deletion leaves the user whole",
    async (dieAt) => {
      await changes.signUp(adapter)
      await signIn()
      const before = await snapshot()
      const statements = await crash("deleteUser", dieAt)
      expect(statements).toContainEqual(expect.stringMatching(/^DELETE FROM "session" /))
      expect(await snapshot()).toEqual(before)

      await changes.deleteUser(adapter)
      expect(await snapshot()).toEqual({ user: [], user_key: [], session: [] })
    },
  )

  async function signIn(): Promise<void> {
    const [createdAt, expiresAt] = [new Date(), new Date(Date.now() + 1_000_000)]
    await adapter.insertSession({ id: "a".repeat(64), userId: "ada", createdAt, expiresAt, attributes: {} })
  }

  async function snapshot(): Promise<Record<string, unknown[]>> {
    const rows: Record<string, unknown[]> = {}
    for (const table of ["user", "user_key", "session"]) rows[table] = await run(`SELECT * FROM "${table}"`)
    return rows
  }

  /** Resolves to the statements that the process had run when it died. */
  async function crash(change: Crash["change"], dieAt: string): Promise<string[]> {
    const order: Crash = { address, change, dieAt }
    const child = fork(new URL("crash-worker.ts", import.meta.url), [JSON.stringify(order)], {
      execArgv: [],
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    })
    const output = child.stdout ? text(child.stdout) : ""
    const [code, signal] = await once(child, "exit")
    expect([code, signal]).toEqual([null, "SIGKILL"])
    return JSON.parse(await output) as string[]
  }
}
