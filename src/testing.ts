export {
  auditAdapterCases,
  concurrencyCases,
  passkeyAdapterCases,
  sessionAdapterCases,
  throttleAdapterCases,
  tokenAdapterCases,
  totpAdapterCases,
  userAdapterCases,
} from "./testing/adapter-cases.ts"
export type {
  AdapterCase,
  AdapterSetup,
  AnyAdapter,
  LabelRow,
  NewUserRow,
  SetUpAdapter,
} from "./testing/adapter-case.ts"
export type { ConcurrencyCase, ConcurrencySetup, SetUpConcurrency } from "./testing/concurrency-case.ts"
export type { ManualClock } from "./testing/manual-clock.ts"
export { manualClock } from "./testing/manual-clock.ts"
export type { AdapterChannel } from "./testing/remote-adapter.ts"
export { remoteAdapter, serveAdapter } from "./testing/remote-adapter.ts"
export { testAdapter, testConcurrency } from "./testing/test-adapter.ts"
