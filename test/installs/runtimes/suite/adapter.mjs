import { memoryAdapter } from "nightlatch/adapters/memory"
import {
  auditAdapterCases,
  passkeyAdapterCases,
  sessionAdapterCases,
  throttleAdapterCases,
  tokenAdapterCases,
  totpAdapterCases,
  userAdapterCases,
} from "nightlatch/testing"

const cases = [
  ...sessionAdapterCases,
  ...userAdapterCases,
  ...tokenAdapterCases,
  ...throttleAdapterCases,
  ...totpAdapterCases,
  ...passkeyAdapterCases,
  ...auditAdapterCases,
]

/** What the package's own cases ask of every adapter, over the memory adapter. */
export const adapter = Object.fromEntries(cases.map(({ name, run }) => [name, () => run(setUp)]))

function setUp() {
  const adapter = memoryAdapter()
  return { adapter, addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null) }
}
