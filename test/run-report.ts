import type { Reporter, TestModule, TestSpecification, Vitest } from "vitest/node"
import { findings, leftOutPrefix } from "./machine.ts"

// Nobody is to wonder for longer whether it still runs.
const patience = 15_000

/** Says what a run of the tests finds on this machine, which files it is at, and at the end what was left out and why. */
export default class RunReport implements Reporter {
  #vitest?: Vitest
  #timer?: NodeJS.Timeout
  #lastWord = 0
  #startedAt = 0
  #files = 0
  #done = 0
  #running = new Set<string>()
  #leftOut = new Set<string>()

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  async onTestRunStart(specifications: readonly TestSpecification[]): Promise<void> {
    this.#files = specifications.length
    this.#done = 0
    this.#startedAt = Date.now()
    this.#running.clear()
    this.#leftOut.clear()
    const found = Object.entries(await findings())
    const here = found.filter(([, place]) => place).map(([name, place]) => `  ${name}: ${place}`)
    const missing = found.filter(([, place]) => !place).map(([name]) => name)
    this.#say([`${this.#files} test files. What they can use here:`, ...here].join("\n"))
    if (missing.length > 0) this.#say(`Not found, so their tests are left out: ${missing.join(", ")}`)
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.#reassure(), 1000).unref()
  }

  onUserConsoleLog({ content }: { content: string }): void {
    this.#lastWord = Date.now()
    for (const line of content.split("\n")) {
      const at = line.indexOf(leftOutPrefix)
      if (at >= 0) this.#leftOut.add(line.slice(at + leftOutPrefix.length).trim())
    }
  }

  onTestModuleQueued({ relativeModuleId }: TestModule): void {
    this.#running.add(relativeModuleId)
  }

  onTestModuleEnd({ relativeModuleId }: TestModule): void {
    this.#lastWord = Date.now()
    this.#done++
    this.#running.delete(relativeModuleId)
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    clearInterval(this.#timer)
    const skipped = modules.flatMap(({ children }) => [...children.allTests("skipped")]).length
    const lines = [...this.#leftOut].toSorted().map((line) => `  ${line}`)
    if (lines.length === 0 && skipped === 0) return this.#say("Nothing was left out.")
    if (lines.length === 0) return this.#say(`Nothing was left out but ${skipped} tests that were not meant to run.`)
    this.#say([`Left out on this machine (${skipped} tests are skipped, others not even listed):`, ...lines].join("\n"))
  }

  #reassure(): void {
    if (process.stdout.isTTY || Date.now() - this.#lastWord < patience) return
    const seconds = Math.round((Date.now() - this.#startedAt) / 1000)
    this.#say(`${seconds} s: ${this.#done} of ${this.#files} files are done. Now: ${[...this.#running].join(", ")}`)
  }

  #say(text: string): void {
    this.#lastWord = Date.now()
    this.#vitest?.logger.log(text)
  }
}
