/** Runs what concerns one name one after another. */
export type InTurn = <Result>(name: string, task: () => Promise<Result>) => Promise<Result>

/** Makes turns that nothing else shares. */
export function createTurns(): InTurn {
  const last = new Map<string, Promise<unknown>>()
  return (name, task) => {
    const result = (last.get(name) ?? Promise.resolve()).then(task)
    const done: Promise<unknown> = result.then(forget, forget)
    last.set(name, done)
    return result

    function forget(): void {
      if (last.get(name) === done) last.delete(name)
    }
  }
}
