/** Returns whether text has no lone surrogates. They all become the same bytes of UTF-8, so different passwords would be equal. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
