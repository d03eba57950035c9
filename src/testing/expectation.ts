import { isDate, isError } from "../platform/realm.ts"
import { isAuthError } from "../core/errors.ts"
import type { AuthErrorCode } from "../core/errors.ts"

/** Throws unless both values are equal, by value and type (`1`, `"1"` and `1n` differ), with keys in any order. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [format(actual), format(expected)]
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`)
}

/** Throws unless the value is a `Date`, of this realm or another (Jest runs tests in their own realm). */
export function expectDate(what: string, actual: unknown): void {
  if (!isDate(actual)) throw new Error(`${what}: expected a Date, got ${format(actual)}`)
}

/** Throws unless the call rejects. */
export async function expectRejection(what: string, call: () => Promise<unknown>): Promise<void> {
  const outcome = await settle(call)
  if (outcome.status === "fulfilled") {
    throw new Error(`${what}: expected a rejection, got ${format(outcome.value)}`)
  }
}

/** Throws unless the call rejects with an `AuthError` of this code. */
export async function expectAuthError(what: string, code: AuthErrorCode, call: () => Promise<unknown>): Promise<void> {
  const outcome = await settle(call)
  const got = outcome.status === "fulfilled" ? outcome.value : outcome.reason
  if (outcome.status === "fulfilled" || !isAuthError(got) || got.code !== code) {
    throw new Error(`${what}: expected a rejection with an AuthError "${code}", got ${format(got)}`)
  }
}

/** Throws unless exactly one of several racing calls won. Returns the racer that won. */
export function winnerOf<Racer, Result>(
  what: string,
  racers: readonly Racer[],
  results: readonly Result[],
  won: (result: Result) => boolean = (result) => result === true,
): Racer {
  const winners = racers.filter((_, n) => won(results[n]!))
  expectEqual(what, winners.length, 1)
  return winners[0]!
}

/** Runs a call that may resolve or reject, and resolves to its outcome. */
export async function settle<Value>(call: () => Promise<Value>): Promise<PromiseSettledResult<Value>> {
  const [outcome] = await Promise.allSettled([(async () => call())()])
  return outcome
}

/** Wraps a call that may find no user, but must not fail otherwise. */
export function unlessUserIsMissing<Adapter>(call: (adapter: Adapter) => Promise<unknown>) {
  return async (adapter: Adapter): Promise<void> => {
    const outcome = await settle(() => call(adapter))
    if (outcome.status === "rejected")
      await expectAuthError("the call", "user_missing", () => Promise.reject(outcome.reason))
  }
}

/** Returns what a call resolved to, or `otherwise` if it rejected. */
export function valueOf<Value>(outcome: PromiseSettledResult<Value>, otherwise: Value): Value {
  return outcome.status === "fulfilled" ? outcome.value : otherwise
}

/** Formats a value so that different values always differ. `JSON.stringify` would throw on a bigint. */
export function format(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value !== "object" || value === null) return String(value)
  if (isDate(value)) return Number.isNaN(value.getTime()) ? "Date(invalid)" : `Date(${value.toISOString()})`
  if (isError(value)) return `${value.name}: ${value.message}`
  if (Array.isArray(value)) return `[${value.map(format).join(", ")}]`
  return `{ ${Object.entries(value).map(formatEntry).sort().join(", ")} }`
}

function formatEntry([name, value]: [string, unknown]): string {
  return `${name}: ${format(value)}`
}
