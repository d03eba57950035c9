import { fork } from "node:child_process"
import { once } from "node:events"
import type { Call, JobName, JobResult } from "./redis-jobs.ts"
import type { RedisAddress } from "./redis-stores.ts"

/** Processes that share sessions and wait for orders. */
export interface RedisCrew {
  /** Runs a job in each process in turn, all from the same moment on; resolves to each one's result. */
  race<Calls extends Call[]>(...calls: Calls): Promise<{ [N in keyof Calls]: JobResult<NameOf<Calls[N]>> }>
  close(): Promise<void>
}

type NameOf<C> = C extends { job: infer Name extends JobName } ? Name : never

// Enough for every process to have its order, in milliseconds.
const leadTime = 30

/** What a process is told. */
export interface Order {
  number: number
  call: Call
  /** When to begin, in milliseconds since 1970: the same for all that race. */
  start: number
}

/** What it answers. */
export interface Answer {
  number: number
  result?: unknown
  error?: string
}

/** Starts a process for each address. */
export async function startRedisCrew(addresses: RedisAddress[], prefix: string): Promise<RedisCrew> {
  const workers = await Promise.all(addresses.map((address) => startWorker(address, prefix)))
  return {
    race: async (...calls) => {
      const start = Date.now() + leadTime
      const results = calls.map((call, n) => workers[n % workers.length]?.run(call, start))
      // Each is what its job resolves to, sent by the worker.
      return (await Promise.all(results)) as never
    },
    close: async () => {
      await Promise.all(workers.map(({ close }) => close()))
    },
  }
}

async function startWorker(address: RedisAddress, prefix: string) {
  const settings = JSON.stringify({ address, prefix })
  const child = fork(new URL("redis-worker.ts", import.meta.url), [settings], {
    serialization: "advanced",
    execArgv: [],
  })
  const pending = new Map<number, (answer: Answer) => void>()
  const ready = new Promise<Answer>((resolve) => pending.set(0, resolve))
  child.on("message", (answer: Answer) => pending.get(answer.number)?.(answer))
  child.on("exit", (code) => {
    for (const [number, settle] of pending) settle({ number, error: `the process ended with ${code}` })
  })
  resultOf(await ready)
  let count = 0

  async function run(call: Call, start: number): Promise<unknown> {
    const number = ++count
    const answered = new Promise<Answer>((resolve) => pending.set(number, resolve))
    child.send({ number, call, start } satisfies Order)
    const answer = await answered
    pending.delete(number)
    return resultOf(answer)
  }

  async function close(): Promise<void> {
    if (child.exitCode !== null) return
    const ended = once(child, "exit")
    child.disconnect()
    await ended
  }

  return { run, close }
}

function resultOf({ result, error }: Answer): unknown {
  if (error !== undefined) throw new Error(error)
  return result
}
