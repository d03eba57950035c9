import type { UserId } from "../core/ports.ts"
import type { UserStore } from "./parts.ts"

type Store = Pick<UserStore<object, object>, "deleteTokens">

// Recovery codes are for users who have lost everything else. Only a reset of all access ends them.
const spared = [":recovery"]

/**
 * Makes a change, and ends the user's links, pending sign-ins and known browsers. They end before the change, so that
 * an outage cannot leave them. They end again after it, in case some were made in between.
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

/** Ends a user's tokens except recovery codes: while a password works, the second factor must stay. */
export async function endPendings({ deleteTokens }: Store, userId: UserId): Promise<void> {
  await deleteTokens?.(userId, { except: spared })
}
