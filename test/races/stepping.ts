import type { PasswordHasher } from "../../src/password/password-hasher.ts"

/** Comes before a call of the store or the hasher. */
export type Step = (method: string) => Promise<void>

/** Puts a step before each method, so that something else can happen between any two. */
export function stepping<Port extends object>(port: Port, step: Step): Port {
  const methods = Object.entries(port).map(([name, method]: [string, (...values: unknown[]) => unknown]) => {
    const stepped = async (...values: unknown[]) => {
      await step(name)
      return method(...values)
    }
    return [name, stepped] as const
  })
  // The same methods under the same names.
  return Object.fromEntries(methods) as Port
}

/** The same for a hasher, one of whose methods answers at once. */
export function steppingHasher({ needsRehash, ...slow }: PasswordHasher, step: Step): PasswordHasher {
  return { ...stepping(slow, step), needsRehash }
}

/** A step that acts once, before call number `moment`, and records which methods were called. */
export function interruptAt(moment: number, interruption: () => Promise<unknown>): { step: Step; methods: string[] } {
  const methods: string[] = []
  const step = async (method: string) => {
    if (methods.push(method) === moment) await interruption()
  }
  return { step, methods }
}
