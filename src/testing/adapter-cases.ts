import type { AdapterCase } from "./adapter-case.ts"
import type { ConcurrencyCase } from "./concurrency-case.ts"
import { sessionContextCases, userContextCases } from "./context-cases.ts"
import { keyCases } from "./key-cases.ts"
import { keyChangeCases } from "./key-change-cases.ts"
import { sessionChangeCases } from "./session-change-cases.ts"
import { sessionConcurrencyCases } from "./session-concurrency-cases.ts"
import { sessionDeleteCases } from "./session-delete-cases.ts"
import { sessionHostileCases } from "./session-hostile-cases.ts"
import { sessionRowCases } from "./session-row-cases.ts"
import { userConcurrencyCases } from "./user-concurrency-cases.ts"
import { userHostileCases } from "./user-hostile-cases.ts"
import { userChangeCases } from "./user-change-cases.ts"
import { userRowCases } from "./user-row-cases.ts"

/** Lists the requirements of the session port, each to be run over its own empty store. */
export const sessionAdapterCases: AdapterCase[] = [
  ...sessionRowCases,
  ...sessionChangeCases,
  ...sessionDeleteCases,
  ...sessionHostileCases,
  ...sessionContextCases,
]

/** Lists the requirements of the user port. An adapter that has none of its methods passes them all. */
export const userAdapterCases: AdapterCase[] = [
  ...userRowCases,
  ...userHostileCases,
  ...keyCases,
  ...keyChangeCases,
  ...userChangeCases,
  ...userContextCases,
]

/** Lists the races that both ports must stand, over several connections or processes. */
export const concurrencyCases: ConcurrencyCase[] = [...sessionConcurrencyCases, ...userConcurrencyCases]
