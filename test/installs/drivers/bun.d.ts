// The parts of Bun that the tests use. Bun's own types would replace those of Node.
declare module "bun:sqlite" {
  export class Database {
    constructor(path: string, options?: object)
    exec(sql: string): void
    run(sql: string): void
    prepare(sql: string): Statement
    close(): void
  }

  interface Statement {
    all(...params: unknown[]): Record<string, unknown>[]
    run(...params: unknown[]): { changes: number }
  }
}

declare module "bun:test" {
  export { expect, test } from "vitest"
}
