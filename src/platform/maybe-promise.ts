/** A value that is there, or a promise of it: whoever makes it decides which. */
export type MaybePromise<Value> = Value | Promise<Value>

/** Returns whether a value is a promise, of any realm and maker. */
export function isPromise<Value>(value: MaybePromise<Value>): value is Promise<Value> {
  return typeof (value as Promise<Value> | null | undefined)?.then === "function"
}

/** Continues with a value: at once if it is there. */
export function after<Value, Result>(
  value: MaybePromise<Value>,
  proceed: (value: Value) => MaybePromise<Result>,
): MaybePromise<Result> {
  return isPromise(value) ? value.then(proceed) : proceed(value)
}
