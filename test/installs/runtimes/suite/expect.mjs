/** Throws unless two values are the same as JSON, in whatever order their properties are. */
export function equal(actual, expected) {
  const [got, wanted] = [write(actual), write(expected)]
  if (got !== wanted) throw new Error(`expected ${wanted}, got ${got}`)
}

function write(value) {
  return JSON.stringify(value, (_, part) =>
    part instanceof Object && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part,
  )
}

/** Throws unless text matches. */
export function match(text, pattern) {
  if (!pattern.test(text)) throw new Error(`expected ${pattern}, got ${JSON.stringify(text)}`)
}

/** Resolves to the code of the `AuthError` that a call throws or rejects with. Anything else fails the case. */
export async function codeOf(call) {
  const code = await Promise.resolve()
    .then(call)
    .then(
      (value) => Promise.reject(new Error(`expected an AuthError, got ${JSON.stringify(value)}`)),
      (error) => error.code ?? Promise.reject(error),
    )
  return code
}
