import { afterAll, beforeAll } from "vitest"
import { buildFixture } from "./fixture-app.ts"
import type { Variant } from "./fixture-app.ts"
import type { Controls } from "./fixture/lib/controlled.ts"
import type { BuiltApp } from "./next-app.ts"
import type { RunningApp } from "../running-app.ts"
import { createVisitor } from "./visitor.ts"
import type { Visitor } from "./visitor.ts"

/** The application of the tests while a block of them runs. */
export interface RunningFixture {
  app(): BuiltApp
  origin(): string
  /** What the server has printed so far. */
  output(): string
  /** A browser without cookies. */
  visitor(): Visitor
  /** A browser that has signed a user in. */
  member(id: string): Promise<Visitor>
  /** Sets what is asked for, and returns the counts since the last time. */
  control(wanted?: Partial<Controls> & { hashOf?: string }): Promise<Controls & { hash: string | null }>
}

/** The cookie by its default name. */
export const cookieName = "__Host-session"

/** Builds and starts the application of the tests for a block of them. */
export function useFixture(variant: Variant): RunningFixture {
  let built: BuiltApp
  let running: RunningApp

  beforeAll(async () => {
    built = await buildFixture(variant)
    running = await built.start()
  })
  afterAll(async () => {
    await running?.stop()
    await built?.remove()
  })

  return {
    app: () => built,
    origin: () => running.origin,
    output: () => running.output(),
    visitor: () => createVisitor(running.origin),
    async member(id) {
      const visitor = createVisitor(running.origin)
      await visitor.get(`/api/callback/${id}`)
      return visitor
    },
    async control(wanted = {}) {
      const answer = await createVisitor(running.origin).post("/test", JSON.stringify(wanted))
      return JSON.parse(answer.body) as Controls & { hash: string | null }
    },
  }
}
