/** The maximum number of concurrent calls. */
export const batchSize = 1000

/** Calls a function for each item, a batch at a time. Resolves to the results in order. */
export async function inBatches<Item, Result>(items: Item[], call: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let n = 0; n < items.length; n += batchSize)
    results.push(...(await Promise.all(items.slice(n, n + batchSize).map(call))))
  return results
}

/** Removes at most `limit` of these sessions and resolves to how many. `remove` returns whether it removed one. */
export async function removeSome(
  ids: string[],
  limit: number,
  remove: (id: string) => Promise<boolean>,
): Promise<number> {
  const left = [...ids]
  let removed = 0
  while (left.length > 0 && removed < limit) {
    const results = await inBatches(left.splice(0, limit - removed), remove)
    removed += results.filter(Boolean).length
  }
  return removed
}
