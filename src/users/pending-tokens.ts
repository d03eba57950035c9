import type { UserId } from "../core/ports.ts"
import type { UserStore } from "./parts.ts"

type Store = Pick<UserStore<object, object>, "deleteTokens">

// Recovery codes are for the day on which all else is gone. Only a reset of all access ends them.
const spared = [":recovery"]

/**
 * Makes a change that a token made before it must not outlive: links of the application, pending sign-ins and known
 * browsers. Those go before it, so that no outage in between leaves them, and once more after it, for those that were made
 * meanwhile.
 */
export async function endingTokens<Result>(
  store: Store,
  userId: UserId,
  change: () => Promise<Result>,
): Promise<Result> {
  await endPendings(store, userId)
  const result = await change()
  await endPendings(store, userId)
  return result
}

/** Ends a user's tokens, but for recovery codes: while a password works, a second factor must not go missing. */
export async function endPendings({ deleteTokens }: Store, userId: UserId): Promise<void> {
  await deleteTokens?.(userId, { except: spared })
}
