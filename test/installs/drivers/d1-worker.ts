import { d1Adapter } from "../../../adapters/d1.ts"
import { adapterCases } from "../../../src/testing/adapter-cases.ts"
import { testTableNames } from "../../adapters/test-table-names.ts"

const userIds = {
  text: (n) => `user-${n}`,
  integer: (n) => n,
  // Beyond 2^53, where a number would be rounded.
  bigint: (n) => 9007199254740992n + BigInt(2 * n + 1),
  uuid: (n) => `0f8fad5b-d9cb-469f-a165-${String(n).padStart(12, "0")}`,
}

/** Runs the case whose id type and number are in the path, and returns its result. */
export default {
  async fetch(request, { DB }) {
    const [, type, index] = new URL(request.url).pathname.split("/")
    const { name, run } = adapterCases[index]
    try {
      await run(() => emptyStore(DB, type))
      return new Response(`passed: ${name}`)
    } catch (error) {
      return new Response(`failed: ${error.stack}`)
    }
  },
}

async function emptyStore(db, type) {
  await db.batch(testTableNames.map((table) => db.prepare(`DELETE FROM "${table}"`)))
  const adapter = d1Adapter(db, { userIdType: type })
  return {
    adapter,
    userId: userIds[type],
    addUser: ({ id, username }) => adapter.insertUser({ id, attributes: { username } }, null),
  }
}
