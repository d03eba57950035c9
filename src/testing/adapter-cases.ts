import type { AdapterCase } from "./adapter-case.ts"
import { auditConcurrencyCases } from "./audit-concurrency-cases.ts"
import { eventCases } from "./audit-cases.ts"
import type { ConcurrencyCase } from "./concurrency-case.ts"
import {
  auditContextCases,
  passkeyContextCases,
  sessionContextCases,
  throttleContextCases,
  tokenContextCases,
  totpContextCases,
  userContextCases,
} from "./context-cases.ts"
import { keyCases } from "./key-cases.ts"
import { keyChangeCases } from "./key-change-cases.ts"
import { passkeyChangeCases } from "./passkey-change-cases.ts"
import { passkeyConcurrencyCases } from "./passkey-concurrency-cases.ts"
import { passkeyHostileCases } from "./passkey-hostile-cases.ts"
import { passkeyRowCases } from "./passkey-row-cases.ts"
import { sessionChangeCases } from "./session-change-cases.ts"
import { sessionConcurrencyCases } from "./session-concurrency-cases.ts"
import { sessionDeleteCases } from "./session-delete-cases.ts"
import { sessionHostileCases } from "./session-hostile-cases.ts"
import { sessionRowCases } from "./session-row-cases.ts"
import { attemptCases } from "./throttle-cases.ts"
import { throttleConcurrencyCases } from "./throttle-concurrency-cases.ts"
import { tokenChangeCases } from "./token-change-cases.ts"
import { tokenConcurrencyCases } from "./token-concurrency-cases.ts"
import { tokenHostileCases } from "./token-hostile-cases.ts"
import { tokenRowCases } from "./token-row-cases.ts"
import { totpCases } from "./totp-cases.ts"
import { totpConcurrencyCases } from "./totp-concurrency-cases.ts"
import { userConcurrencyCases } from "./user-concurrency-cases.ts"
import { userHostileCases } from "./user-hostile-cases.ts"
import { userChangeCases } from "./user-change-cases.ts"
import { userRowCases } from "./user-row-cases.ts"

/** The requirements of the session port. Run each on its own empty store. */
export const sessionAdapterCases: AdapterCase[] = [
  ...sessionRowCases,
  ...sessionChangeCases,
  ...sessionDeleteCases,
  ...sessionHostileCases,
  ...sessionContextCases,
]

/** The requirements of the user port. An adapter without any of its methods passes them all. */
export const userAdapterCases: AdapterCase[] = [
  ...userRowCases,
  ...userHostileCases,
  ...keyCases,
  ...keyChangeCases,
  ...userChangeCases,
  ...userContextCases,
]

/** The requirements of the token port. An adapter without any of its methods passes them all. */
export const tokenAdapterCases: AdapterCase[] = [
  ...tokenRowCases,
  ...tokenChangeCases,
  ...tokenHostileCases,
  ...tokenContextCases,
]

/** The requirements of the throttle port. An adapter without any of its methods passes them all. */
export const throttleAdapterCases: AdapterCase[] = [...attemptCases, ...throttleContextCases]

/** The requirements of the TOTP port. An adapter without any of its methods passes them all. */
export const totpAdapterCases: AdapterCase[] = [...totpCases, ...totpContextCases]

/** The requirements of the passkey port. An adapter without any of its methods passes them all. */
export const passkeyAdapterCases: AdapterCase[] = [
  ...passkeyRowCases,
  ...passkeyChangeCases,
  ...passkeyHostileCases,
  ...passkeyContextCases,
]

/** The requirements of the audit port. An adapter without any of its methods passes them all. */
export const auditAdapterCases: AdapterCase[] = [...eventCases, ...auditContextCases]

/** The race conditions that every port must withstand, over several connections or processes. */
export const concurrencyCases: ConcurrencyCase[] = [
  ...sessionConcurrencyCases,
  ...userConcurrencyCases,
  ...tokenConcurrencyCases,
  ...throttleConcurrencyCases,
  ...totpConcurrencyCases,
  ...passkeyConcurrencyCases,
  ...auditConcurrencyCases,
]

/** The cases of all ports, in the order in which {@link testAdapter} runs them. */
export const adapterCases: AdapterCase[] = [
  ...sessionAdapterCases,
  ...userAdapterCases,
  ...tokenAdapterCases,
  ...throttleAdapterCases,
  ...totpAdapterCases,
  ...passkeyAdapterCases,
  ...auditAdapterCases,
]
