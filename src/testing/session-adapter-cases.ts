import type { AdapterCase } from "./adapter-case.ts"
import { sessionContextCases } from "./context-cases.ts"
import { sessionChangeCases } from "./session-change-cases.ts"
import { sessionDeleteCases } from "./session-delete-cases.ts"
import { sessionHostileCases } from "./session-hostile-cases.ts"
import { sessionReplaceCases } from "./session-replace-cases.ts"
import { sessionRowCases } from "./session-row-cases.ts"

/** Lists the requirements of the session port, each to be run over its own empty store. */
export const sessionAdapterCases: AdapterCase[] = [
  ...sessionRowCases,
  ...sessionChangeCases,
  ...sessionReplaceCases,
  ...sessionDeleteCases,
  ...sessionHostileCases,
  ...sessionContextCases,
]
