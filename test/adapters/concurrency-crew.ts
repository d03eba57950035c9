import { fork } from "node:child_process"
import { once } from "node:events"
import { remoteAdapter } from "../../src/testing.ts"
import type { Order } from "./concurrency-process.ts"

/** Adapters that live in processes of their own. */
export interface Crew<Adapter> {
  adapters: Adapter[]
  /** Resolves when the processes have ended. */
  close(): Promise<void>
}

const adapterProcess = new URL("concurrency-process.ts", import.meta.url)

/** Starts a process for each order, and resolves when all are ready. `file` is what they run, and serves what it likes. */
export async function startCrew<Adapter extends object>(
  orders: Order[],
  file = adapterProcess,
): Promise<Crew<Adapter>> {
  const processes = orders.map((order) => startProcess<Adapter>(order, file))
  const close = async () => {
    await Promise.all(processes.map((one) => one.close()))
  }
  try {
    return { adapters: await Promise.all(processes.map(({ adapter }) => adapter)), close }
  } catch (error) {
    await close()
    throw error
  }
}

function startProcess<Adapter extends object>(order: Order, file: URL) {
  const child = fork(file, [JSON.stringify(order)], { serialization: "advanced", execArgv: [] })
  const closed = once(child, "exit")
  const adapter = remoteAdapter<Adapter>({
    send: (message) => child.send(Object(message)),
    receive: (listener) => child.on("message", listener),
    closed,
  })
  const close = async () => {
    if (child.connected) child.disconnect()
    await closed
  }
  return { adapter, close }
}
