// D1 takes 100 parameters a statement, the fewest of all.
const maxParameters = 96

/** Makes the parameters of a list: `?1, ?2`, or from another number on. */
export function parameters(count: number, from = 1): string {
  return Array.from({ length: count }, (_, n) => `?${n + from}`).join(", ")
}

/** Divides a list so that a statement takes each part, with so many parameters for each item. */
export function inChunks<Item>(items: Item[], parametersEach = 1): Item[][] {
  const size = Math.floor(maxParameters / parametersEach)
  const count = Math.ceil(items.length / size)
  return Array.from({ length: count }, (_, n) => items.slice(n * size, (n + 1) * size))
}

/** Sorts rows by their ids, so that those who write the same rows at once lock them in one order and never deadlock. */
export function byId<Item extends { id: string }>(rows: readonly Item[]): Item[] {
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}
