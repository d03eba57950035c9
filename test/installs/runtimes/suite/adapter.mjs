import { memoryAdapter } from "nightlatch/adapters/memory"
import { sessionAdapterCases, userAdapterCases } from "nightlatch/testing"

/** What the package's own cases ask of every adapter, over the memory adapter. */
export const adapter = Object.fromEntries(
  [...sessionAdapterCases, ...userAdapterCases].map(({ name, run }) => [name, () => run(setUp)]),
)

function setUp() {
  const adapter = memoryAdapter()
  return { adapter, addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null) }
}
