import type { Answer } from "../sql/retry.ts"

/** Makes a queue that runs one call after the other: at once, if none is under way. */
export function takingTurns(): <Result>(call: () => Answer<Result>) => Answer<Result> {
  let last: Promise<void> | null = null
  return (call) => {
    const answer = last ? last.then(call) : call()
    if (!isLater(answer)) return answer
    const settle = () => {
      if (last === settled) last = null
    }
    const settled: Promise<void> = answer.then(settle, settle)
    last = settled
    return answer
  }
}

/** Tells a promise from an answer that is there. */
export function isLater<Value>(answer: Answer<Value>): answer is Promise<Value> {
  return typeof (answer as Partial<Promise<Value>> | null)?.then === "function"
}
