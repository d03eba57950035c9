// Compiled by tarball.test.ts against the packed package, with the types of Node.
import { createServer } from "node:http"
import { DatabaseSync } from "node:sqlite"
import { createAuth } from "nightlatch"
import { nodeSqliteAdapter } from "nightlatch/adapters/node-sqlite"
import { createNodeAuth } from "nightlatch/node"

const adapter = nodeSqliteAdapter<{ id: number; username: string }>(new DatabaseSync(":memory:"), {
  userIdType: "integer",
})
const auth = createAuth({ adapter, getUserAttributes: ({ username }) => ({ username }) })
const { handler } = createNodeAuth(auth)

export const server = createServer(
  handler(async (_request, response, { validate, signIn }) => {
    const signedIn = await validate()
    // @ts-expect-error The ids are numbers.
    if (!signedIn) await signIn("ada")
    response.end(signedIn?.user.username)
  }),
)
