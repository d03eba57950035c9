/** Keeps what a read resolves to. A failure is not kept: the store may be back when the handler tries again. */
export function remember<Value>(read: () => Promise<Value>) {
  let memo: Promise<Value> | undefined

  function start(): Promise<Value> {
    const started = read().catch((error: unknown) => {
      if (memo === started) forget()
      throw error
    })
    return started
  }

  function forget(): void {
    memo = undefined
  }

  return { get: () => (memo ??= start()), forget }
}
