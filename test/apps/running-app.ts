import type { ChildProcess } from "node:child_process"
import { once } from "node:events"

/** An application that answers requests. */
export interface RunningApp {
  /** Like `http://localhost:3000`. */
  origin: string
  /** What it has printed so far. */
  output(): string
  stop(): Promise<void>
}

/** Makes the function that ends a server with its whole group, because it may have children. They also end with the tests. */
export function stopper(child: ChildProcess): () => Promise<void> {
  const exited = once(child, "exit")
  const kill = () => void (child.exitCode ?? child.signalCode ?? process.kill(-child.pid!, "SIGKILL"))
  process.once("exit", kill)
  return async () => {
    process.off("exit", kill)
    kill()
    await exited
  }
}
