import { hashRaw } from "@node-rs/argon2"
import { stat } from "node:fs/promises"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { argon2id, bcrypt, luciaScrypt, pbkdf2 } from "../../src/password.ts"
import { runQueued } from "../../src/password/password-queue.ts"

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

afterEach(() => {
  vi.useRealTimers()
})

test("[F16] of 16 passwords at once at most 3 are hashed at a time, and files are read before all are done", async () => {
  let done = 0
  const all = Array.from({ length: 16 }, (_, n) =>
    argon2id()
      .hash(`password ${n}`)
      .finally(() => done++),
  )
  await stat(".")
  expect(done).toBeLessThan(16)
  expect(new Set(await Promise.all(all)).size).toBe(16)
  expect(most).toBe(3)
})

test("all hashers wait in one line, first come first served", async () => {
  const { releases, started, blockers } = blockQueue()
  const done: string[] = []
  const [first, second] = [argon2id(), luciaScrypt()]
  const stored = bcrypt({ compare: () => true })
  const all = [first.hash("a").then(() => done.push("argon2id")), second.hash("b").then(() => done.push("scrypt"))]
  const third = pbkdf2()
    .hash("c")
    .then(() => done.push("pbkdf2"))
  const fourth = stored.verify(stored.decoy ?? "", "d").then(() => done.push("bcrypt"))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(started()).toBe(3)
  expect(done).toEqual([])
  releases[0]?.()
  await Promise.all([...all, third, fourth])
  expect(done).toEqual(["argon2id", "scrypt", "pbkdf2", "bcrypt"])
  releases.forEach((release) => release())
  await Promise.all(blockers)
})

test("[F16] when 1,000 are waiting, the next is refused without work and the others still get their turn", async () => {
  const { releases, blockers } = blockQueue()
  const waiting = Array.from({ length: 1000 }, (_, n) => runQueued(async () => n))
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
  const failing = Array.from({ length: 20 }, () => runQueued(() => Promise.reject(new Error("broken"))))
  const results = await Promise.allSettled(failing)
  expect(results.every(({ status }) => status === "rejected")).toBe(true)
  expect(await runQueued(async () => "done")).toBe("done")
})

test("[F16] nobody waits longer than 5 seconds", async () => {
  vi.useFakeTimers()
  const { releases, blockers } = blockQueue()
  await vi.advanceTimersByTimeAsync(2000)
  const early = runQueued(async () => "early")
  const problem = { code: "hash_failed", message: expect.stringContaining("503") }
  await vi.advanceTimersByTimeAsync(2999)
  const crowd = [0, 1, 2].map(() => runQueued(() => new Promise<void>((resolve) => releases.push(resolve))))
  const late = expect(runQueued(async () => "late")).rejects.toMatchObject(problem)
  // The three that had blocked for 5 seconds have lost their turns.
  await vi.advanceTimersByTimeAsync(2001)
  expect(await early).toBe("early")
  await vi.advanceTimersByTimeAsync(2999)
  await late
  await vi.advanceTimersByTimeAsync(5000)
  releases.forEach((release) => release())
  await Promise.all([...blockers, ...crowd])
})

test("[F16] a turn that is never given back, as by a request that Cloudflare cut off, counts for 5 seconds", async () => {
  vi.useFakeTimers()
  for (let n = 0; n < 3; n++) void runQueued(() => new Promise(() => {}))
  const waiting = [1, 2, 3, 4, 5].map((n) => runQueued(async () => n))
  await vi.advanceTimersByTimeAsync(5000)
  expect(await Promise.all(waiting)).toEqual([1, 2, 3, 4, 5])
  expect(await runQueued(async () => "at once")).toBe("at once")
})

test("[F16] who was cut off while waiting, and whose timer never fires, takes no turn later", async () => {
  vi.useFakeTimers()
  for (let n = 0; n < 3; n++) void runQueued(() => new Promise(() => {}))
  cutOffWaiting(4)
  await vi.advanceTimersByTimeAsync(1)
  const behind = runQueued(async () => "behind them")
  await vi.advanceTimersByTimeAsync(5000)
  expect(await behind).toBe("behind them")

  for (let n = 0; n < 3; n++) void runQueued(() => new Promise(() => {}))
  cutOffWaiting(1000)
  await vi.advanceTimersByTimeAsync(5001)
  expect(await runQueued(async () => "at once")).toBe("at once")
})

function cutOffWaiting(count: number): void {
  const setTimeout = vi.spyOn(globalThis, "setTimeout").mockReturnValue({} as ReturnType<typeof globalThis.setTimeout>)
  for (let n = 0; n < count; n++) void runQueued(() => new Promise(() => {}))
  setTimeout.mockRestore()
}

/** Takes all three places until released. */
function blockQueue() {
  const releases: (() => void)[] = []
  let started = 0
  const blockers = Array.from({ length: 3 }, () =>
    runQueued(() => {
      started++
      return new Promise<void>((resolve) => releases.push(resolve))
    }),
  )
  return { releases, blockers, started: () => started }
}
