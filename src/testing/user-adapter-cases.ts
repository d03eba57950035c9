import type { AdapterCase } from "./adapter-case.ts"
import { userContextCases } from "./context-cases.ts"
import { keyChangeCases } from "./key-change-cases.ts"
import { keyCases } from "./key-cases.ts"
import { keyPasswordCases } from "./key-password-cases.ts"
import { userHostileCases } from "./user-hostile-cases.ts"
import { userPasswordCases } from "./user-password-cases.ts"
import { userRowCases } from "./user-row-cases.ts"
import { userSessionCases } from "./user-session-cases.ts"

/** Lists the requirements of the user port. An adapter that has none of its methods passes them all. */
export const userAdapterCases: AdapterCase[] = [
  ...userRowCases,
  ...userHostileCases,
  ...keyCases,
  ...keyChangeCases,
  ...keyPasswordCases,
  ...userPasswordCases,
  ...userSessionCases,
  ...userContextCases,
]
