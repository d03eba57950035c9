/** A value or a promise of it. Its producer decides which. */
export type MaybePromise<Value> = Value | Promise<Value>

/** Returns whether a value is a promise, of any realm or library. */
export function isPromise<Value>(value: MaybePromise<Value>): value is Promise<Value> {
  return typeof (value as Promise<Value> | null | undefined)?.then === "function"
}

/** Calls `proceed` with a value, at once unless it is a promise. */
export function after<Value, Result>(
  value: MaybePromise<Value>,
  proceed: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return isPromise(value) ? value.then(proceed) : proceed(value)
}
