import { hashRaw } from "@node-rs/argon2"
import { beforeEach, expect, test, vi } from "vitest"
import { argon2id, luciaScrypt } from "../../src/password.ts"
import { inTurn } from "../../src/password/password-queue.ts"

let running = 0
let most = 0

vi.mock("@node-rs/argon2", async (importOriginal) => {
  const original = await importOriginal<typeof import("@node-rs/argon2")>()
  const hashRaw = vi.fn<typeof original.hashRaw>(async (...given) => {
    most = Math.max(most, ++running)
    return original.hashRaw(...given).finally(() => running--)
  })
  return { ...original, hashRaw }
})

beforeEach(() => {
  most = 0
})

test("[F16] of 64 passwords at once at most 4 are hashed at a time, and the event loop stays free", async () => {
  await argon2id().hash("warm")
  let worst = 0
  let last = performance.now()
  const timer = setInterval(() => {
    worst = Math.max(worst, performance.now() - last)
    last = performance.now()
  }, 5)
  const hashes = await Promise.all(Array.from({ length: 64 }, (_, n) => argon2id().hash(`password ${n}`)))
  clearInterval(timer)
  expect(new Set(hashes).size).toBe(64)
  expect(most).toBe(4)
  expect(worst).toBeLessThan(150)
})

test("all hashers that need much memory wait in one line, first come first served", async () => {
  const { releases, started, blockers } = blockQueue()
  const done: string[] = []
  const [first, second] = [argon2id(), luciaScrypt()]
  const all = [first.hash("a").then(() => done.push("argon2id")), second.hash("b").then(() => done.push("scrypt"))]
  const third = first.hash("c").then(() => done.push("argon2id again"))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(started()).toBe(4)
  expect(done).toEqual([])
  releases[0]?.()
  await Promise.all([...all, third])
  expect(done).toEqual(["argon2id", "scrypt", "argon2id again"])
  releases.forEach((release) => release())
  await Promise.all(blockers)
})

test("[F16] when 1,000 are waiting, the next is refused without work and the others still get their turn", async () => {
  const { releases, blockers } = blockQueue()
  const waiting = Array.from({ length: 1000 }, (_, n) => inTurn(async () => n))
  const calls = vi.mocked(hashRaw).mock.calls.length
  const problem = { code: "hash_failed", message: expect.stringContaining("503") }
  await expect(argon2id().hash("one too many")).rejects.toMatchObject(problem)
  expect(hashRaw).toHaveBeenCalledTimes(calls)

  releases.forEach((release) => release())
  await Promise.all(blockers)
  expect(await Promise.all(waiting)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  expect(await argon2id().hash("room again")).toContain("$argon2id$")
})

test("work that fails gives its turn back", async () => {
  const failing = Array.from({ length: 20 }, () => inTurn(() => Promise.reject(new Error("broken"))))
  const results = await Promise.allSettled(failing)
  expect(results.every(({ status }) => status === "rejected")).toBe(true)
  expect(await inTurn(async () => "done")).toBe("done")
})

/** Takes all four places until released. */
function blockQueue() {
  const releases: (() => void)[] = []
  let started = 0
  const blockers = Array.from({ length: 4 }, () =>
    inTurn(() => {
      started++
      return new Promise<void>((resolve) => releases.push(resolve))
    }),
  )
  return { releases, blockers, started: () => started }
}
