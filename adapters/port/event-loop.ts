/**
 * Yields to the event loop. A driver that answers at once does not, however many calls follow each other: a long
 * cleanup would hold up every request until its end.
 */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
