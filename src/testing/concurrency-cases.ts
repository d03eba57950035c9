import type { ConcurrencyCase } from "./concurrency-case.ts"
import { sessionConcurrencyCases } from "./session-concurrency-cases.ts"
import { userConcurrencyCases } from "./user-concurrency-cases.ts"

/** Lists the races that both ports must stand, over several connections or processes. */
export const concurrencyCases: ConcurrencyCase[] = [...sessionConcurrencyCases, ...userConcurrencyCases]
