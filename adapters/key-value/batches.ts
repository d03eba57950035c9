/** How many calls are under way side by side at most. */
export const batchSize = 1000

/** Calls for each item, a batch at a time; resolves to the results in order. */
export async function inBatches<Item, Result>(items: Item[], call: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let n = 0; n < items.length; n += batchSize)
    results.push(...(await Promise.all(items.slice(n, n + batchSize).map(call))))
  return results
}
