import { test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { testAdapter } from "../../src/testing.ts"

testAdapter(test, () => {
  const adapter = memoryAdapter<{ id: string; username: string }, { label?: string | null }>()
  return {
    adapter,
    addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
  }
})
