import { memoryAdapter } from "../../../../adapters/memory.ts"
import type { Middleware } from "../../../../src/lucia/v2/request-context.ts"
import { lucia } from "../../../../src/lucia-v2.ts"

/** Opens Lucia v2's drop-in over an empty store with the user `u1`. */
export async function openAuth<Args extends unknown[]>(middleware: Middleware<Args>, env: "DEV" | "PROD" = "DEV") {
  const auth = lucia({ adapter: memoryAdapter(), env, middleware })
  const user = await auth.createUser({ key: null, attributes: {} })
  const createSession = () => auth.createSession({ userId: user.userId, attributes: {} })
  return { auth, user, createSession }
}
