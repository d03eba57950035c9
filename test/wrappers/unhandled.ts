import { setTimeout } from "node:timers/promises"

/** Resolves to the rejections that stayed unhandled while `run` ran and for a moment after it. */
export async function unhandledBy(run: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on("unhandledRejection", note)
  try {
    await run()
    await setTimeout(50)
    return unhandled
  } finally {
    process.off("unhandledRejection", note)
  }
}
