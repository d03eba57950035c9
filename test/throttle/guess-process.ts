import { createThrottle } from "../../src/throttle.ts"
import type { ThrottleAdapter } from "../../src/throttle.ts"
import { serveAdapter } from "../../src/testing.ts"
import { createUsers } from "../../src/users.ts"
import type { UserAdapter } from "../../src/core/ports.ts"
import { openers } from "../adapters/concurrency-stores.ts"
import type { Order } from "../adapters/concurrency-process.ts"
import { countingHasher } from "../users/counting-hasher.ts"

type Store = UserAdapter<{ id: string; username: string }> & ThrottleAdapter

/** What this process serves. */
export interface Guesser {
  /** Signs in with `count` wrong passwords at once, and resolves to how many the throttle allowed. */
  guess(username: string, count: number): Promise<number>
  /** Resolves to how many of them reached the password hasher. */
  countVerified(): Promise<number>
}

// Written by startCrew().
const { opener, place } = JSON.parse(process.argv[2] ?? "") as Order
const { adapter, close } = await openers[opener](place)
const store = adapter as unknown as Store
const passwordHasher = countingHasher()
const users = createUsers({ adapter: store, passwordHasher })
const limits = { account: { limit: 10, window: "10d" } } as const
const throttle = createThrottle({ adapter: store, name: "sign-in", limits })
// Connections, statements and columns are there before the first race, and the hasher has made its decoy.
await store.deleteIdleAttempts(0, 1)
await users.verifyPassword({ providerId: "username", providerUserId: "nobody", password: "warming up" })
passwordHasher.takeCalls()
process.on("disconnect", () => void close())

const guesser: Guesser = {
  async guess(username, count) {
    const results = await Promise.all(Array.from({ length: count }, async (_, n) => guessOnce(username, n)))
    return results.filter(Boolean).length
  },
  countVerified: async () => passwordHasher.takeCalls().filter((call) => call === "verify").length,
}
serveAdapter(guesser, {
  send: (message) => process.send?.(message),
  receive: (listener) => process.on("message", listener),
})

async function guessOnce(username: string, n: number): Promise<boolean> {
  const { allowed } = await throttle.consume({ account: username })
  if (allowed)
    await users.verifyPassword({ providerId: "username", providerUserId: username, password: `wrong guess ${n}` })
  return allowed
}
