/** Throws for what is malformed. {@link wellFormed} turns that into `null`. */
export function ensure(isWellFormed: boolean): asserts isWellFormed {
  if (!isWellFormed) throw new TypeError("Malformed")
}

/** Reads what a visitor sent. `null` if `read` throws: for them there are no errors. */
export function wellFormed<Value>(read: () => Value): Value | null {
  try {
    return read()
  } catch {
    return null
  }
}
