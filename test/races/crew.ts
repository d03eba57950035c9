import { setTimeout as sleep } from "node:timers/promises"
import { startCrew } from "../adapters/concurrency-crew.ts"
import type { Order } from "../adapters/concurrency-process.ts"
import type { JobArgument, JobName, JobResult } from "./jobs.ts"
import { jobs } from "./jobs.ts"
import type { RaceAdapter } from "./race-store.ts"

/** Adapters in processes of their own, raced against each other. */
export interface Crew {
  /** Runs a job on each adapter in turn, all at once; resolves to each one's result. */
  race<Jobs extends Call<JobName>[]>(...calls: Jobs): Promise<{ [N in keyof Jobs]: ResultOf<Jobs[N]> }>
  close(): Promise<void>
}

/** A job and what it is given. */
export type Call<Name extends JobName> = Name extends JobName ? [job: Name, argument: JobArgument<Name>] : never

type ResultOf<C> = C extends [infer Name extends JobName, unknown] ? JobResult<Name> : never

type Job = (adapter: RaceAdapter, argument: unknown) => Promise<unknown>

/** Starts a process for each order. Redis has no users, and its crew is given no job that needs them. */
export async function startRaceCrew(orders: Order[]): Promise<Crew> {
  const { adapters, close } = await startCrew<RaceAdapter>(orders)
  return {
    race: async (...calls) => {
      const results = calls.map(async ([job, argument], n) => {
        await sleep(headStart())
        return (jobs[job] as Job)(adapters[n % adapters.length]!, argument)
      })
      // Each is what its job resolves to.
      return (await Promise.all(results)) as never
    },
    close,
  }
}

// In half of the races, so that another process is ahead now and then.
function headStart(): number {
  return Math.max(0, Math.random() - 0.5) * 60
}
