import type { ChildProcess } from "node:child_process"
import { fork } from "node:child_process"
import { once } from "node:events"
import type { JobArgument, JobName, JobResult } from "./jobs.ts"
import type { StoreAddress } from "./race-store.ts"

/** What a worker is asked. */
export interface Order {
  number: number
  job: JobName
  argument: unknown
  /** When to begin, in milliseconds since 1970: the same for all that race. */
  start: number
}

/** What it answers. */
export interface Answer {
  number: number
  result?: unknown
  error?: string
}

/** Processes that wait for orders. */
export interface Crew {
  /** Runs a job in each process in turn, all from the same moment on; resolves to each one's result. */
  race<Jobs extends Call<JobName>[]>(...calls: Jobs): Promise<{ [N in keyof Jobs]: ResultOf<Jobs[N]> }>
  close(): Promise<void>
}

/** A job and what it is given. */
export type Call<Name extends JobName> = Name extends JobName ? [job: Name, argument: JobArgument<Name>] : never

type ResultOf<C> = C extends [infer Name extends JobName, unknown] ? JobResult<Name> : never

// Enough for every process to have its order, in milliseconds.
const leadTime = 30

/** Starts processes that share a store. */
export async function startCrew(address: StoreAddress, size: number): Promise<Crew> {
  const workers = await Promise.all(Array.from({ length: size }, () => startWorker(address)))
  return {
    race: async (...calls) => {
      const start = Date.now() + leadTime
      const results = calls.map(([job, argument], n) => workers[n % size]?.run(job, argument, start))
      // Each is what its job resolves to, sent by the worker.
      return (await Promise.all(results)) as never
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.close()))
    },
  }
}

async function startWorker(address: StoreAddress) {
  const child = fork(new URL("worker.ts", import.meta.url), [JSON.stringify(address)], {
    serialization: "advanced",
    execArgv: [],
  })
  const pending = new Map<number, (answer: Answer) => void>()
  let count = 0
  child.on("message", (answer: Answer) => pending.get(answer.number)?.(answer))
  child.on("exit", (code) => {
    for (const [number, settle] of pending) settle({ number, error: `the process ended with ${code}` })
  })
  await ready(child)

  async function run(job: JobName, argument: unknown, start: number): Promise<unknown> {
    const number = ++count
    const order: Order = { number, job, argument, start }
    const answered = new Promise<Answer>((resolve) => pending.set(number, resolve))
    child.send(order)
    const { result, error } = await answered
    pending.delete(number)
    if (error !== undefined) throw new Error(`${job}: ${error}`)
    return result
  }

  async function close(): Promise<void> {
    if (child.exitCode !== null) return
    const ended = once(child, "exit")
    child.disconnect()
    await ended
  }

  return { run, close }
}

async function ready(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`a worker ended with ${code} before it was ready`)
  })
  await Promise.race([once(child, "message"), ended])
  // What it ends with from now on is told to those who wait for an answer.
  ended.catch(() => undefined)
}
