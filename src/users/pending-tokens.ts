import type { UserId } from "../core/ports.ts"
import type { UserStore } from "./parts.ts"

type Store = Pick<UserStore<object, object>, "deleteTokens">
type StoreOfRows = Store & Pick<UserStore<object, object>, "findUser">

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

/**
 * Changes attributes of a user, and ends their tokens if the column `email` gets another address: links are in the mailbox
 * of the old one. Reads the user only if there is such an attribute.
 */
export async function endingTokensOfAddress<Result>(
  store: StoreOfRows,
  userId: UserId,
  attributes: object | undefined,
  change: () => Promise<Result>,
): Promise<Result> {
  const { email } = { ...attributes } as { email?: unknown }
  if (email === undefined) return change()
  const row = (await store.findUser(userId)) as { email?: unknown } | null
  return row?.email === email ? change() : endingTokens(store, userId, change)
}

/** Ends a user's tokens except recovery codes: while a password works, the second factor must stay. */
export async function endPendings({ deleteTokens }: Store, userId: UserId): Promise<void> {
  await deleteTokens?.(userId, { except: spared })
}
