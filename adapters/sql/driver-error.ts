const deepest = 5

/** Tells whether an error, or one it was caused by, fits: drivers are often wrapped by what runs them. */
export function causedBy(error: unknown, fits: (error: DriverError) => boolean): boolean {
  let current = error
  for (let depth = 0; depth < deepest && current instanceof Error; depth++) {
    if (fits(current)) return true
    current = current.cause
  }
  return false
}

/**
 * Takes the statement off a driver's error. mysql2 writes the parameters into it, password hashes among them, and who
 * logs the error would keep them.
 */
export function withoutStatement(error: unknown): unknown {
  if (error instanceof Error && "sql" in error) delete error.sql
  return error
}

/** The fields by which drivers say what went wrong. */
export interface DriverError extends Error {
  code?: unknown
  errno?: unknown
}
