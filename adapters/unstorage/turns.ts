/** Runs what concerns one name one after another. */
export type InTurn = <Result>(name: string, task: () => Promise<Result>) => Promise<Result>

/** How long, in milliseconds, a task waits for the one before it: that one's request may have been cut off. */
const maxWait = 5000

/** Makes turns that nothing else shares. */
export function createTurns(): InTurn {
  const last = new Map<string, Promise<unknown>>()
  return (name, task) => {
    const result = settled(last.get(name)).then(task)
    const done: Promise<unknown> = result.then(forget, forget)
    last.set(name, done)
    return result

    function forget(): void {
      if (last.get(name) === done) last.delete(name)
    }
  }
}

async function settled(before: Promise<unknown> | undefined): Promise<void> {
  if (!before) return
  let timer: ReturnType<typeof setTimeout> | undefined
  await Promise.race([before, new Promise((resolve) => (timer = setTimeout(resolve, maxWait)))])
  clearTimeout(timer)
}
