/**
 * Deletes in batches of at most 1,000 until nothing is left, or `most` are deleted. Resolves to how many. A single huge
 * statement would lock the table until it ends.
 */
export async function deleteInBatches(
  deleteSome: (limit: number) => Promise<number>,
  most: number = Infinity,
): Promise<number> {
  let total = 0
  for (;;) {
    const limit = Math.min(1000, most - total)
    const deleted = limit > 0 ? await deleteSome(limit) : 0
    total += deleted
    if (deleted < 1000) return total
  }
}
