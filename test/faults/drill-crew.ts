import { fork } from "node:child_process"
import { once } from "node:events"
import { setTimeout as sleep } from "node:timers/promises"
import { remoteAdapter } from "../../src/testing.ts"
import type { Bug } from "./built-world.ts"
import { bundled } from "./built-world.ts"
import type { Deeds } from "./deeds.ts"
import type { DrillOrder } from "./drill-worker.ts"

/** A process of a drill, restarted whenever it is killed. */
export interface Worker {
  /** What it can do; a call is lost with the process that it was made to. */
  deeds(): Deeds
  /** Ends it as `kill -9` does, and resolves when its successor is there. */
  kill(): Promise<void>
  /** Starts it no more, and lets it come to its end. */
  close(): Promise<void>
}

/** The processes of a drill. */
export interface DrillCrew {
  workers: Worker[]
  /** All that they have printed: what an application would log. */
  output(): string
  /** How processes ended that were not killed and had not finished their work. */
  deaths: string[]
}

/** Starts a process for each order, with a bug in it if one is given. */
export async function startDrillCrew(orders: DrillOrder[], bug?: Bug): Promise<DrillCrew> {
  const file = await bundled("drill", 'import "./test/faults/drill-worker.ts"', bug)
  const printed: string[] = []
  const deaths: string[] = []
  const workers = await Promise.all(orders.map((order) => startWorker(file, order, printed, deaths)))
  return { workers, deaths, output: () => printed.join("") }
}

async function startWorker(file: string, order: DrillOrder, printed: string[], deaths: string[]): Promise<Worker> {
  let current = await untilItLives()
  return {
    deeds: () => current.deeds,
    async kill() {
      current.fate.isKilled = true
      current.child.kill("SIGKILL")
      await current.ended
      current = await untilItLives()
    },
    async close() {
      if (current.child.connected) current.child.disconnect()
      await Promise.race([current.ended, sleep(10_000, undefined, { ref: false })])
      if (current.child.exitCode === null && current.child.signalCode === null) {
        deaths.push("I8: a process does not end")
        current.child.kill("SIGKILL")
      }
    },
  }

  /** A process that finds no server ends, and is started again. */
  async function untilItLives() {
    for (let tries = 0; ; tries++) {
      const started = start()
      const deeds = await started.served
      if (deeds) return { ...started, deeds }
      if (tries > 30) throw new Error(`No process could be started: ${printed.slice(-5).join("")}`)
      await sleep(100)
    }
  }

  function start() {
    const child = fork(file, [JSON.stringify(order)], {
      serialization: "advanced",
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => printed.push(String(data)))
    const fate = { isServing: false, isKilled: false }
    const ended = once(child, "exit")
    const served = remoteAdapter<Deeds>({
      send: (message) => child.connected && child.send(Object(message), () => undefined),
      receive: (listener) => child.on("message", listener),
      closed: ended,
    }).then(
      (deeds) => {
        fate.isServing = true
        return deeds
      },
      () => null,
    )
    child.once("exit", (code, signal) => {
      if (fate.isServing && !fate.isKilled && code !== 0) deaths.push(`I8: a process ended with ${code ?? signal}`)
    })
    return { child, ended, served, fate }
  }
}
