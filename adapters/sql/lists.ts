// D1 allows 100 parameters per statement, the fewest of all databases.
const maxParameters = 96

/** Returns the parameters of a list: `?1, ?2`, or starting at another number. */
export function parameters(count: number, from = 1): string {
  return Array.from({ length: count }, (_, n) => `?${n + from}`).join(", ")
}

/** Splits a list into parts that fit one statement each, with this many parameters per item. */
export function inChunks<Item>(items: Item[], parametersEach = 1): Item[][] {
  const size = Math.floor(maxParameters / parametersEach)
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, n) => items.slice(n * size, (n + 1) * size))
}

/** Sorts rows by id, so that callers who write the same rows at once lock them in one order and never deadlock. */
export function byId<Item extends { id: string }>(rows: readonly Item[]): Item[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}
