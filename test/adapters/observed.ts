import type { AdapterSetup } from "../../src/testing.ts"

/** Wraps the object through which an adapter sends statements: reports each method call, then makes it. */
export function observed<Client extends object>(
  client: Client,
): { client: Client; onStatement: NonNullable<AdapterSetup["onStatement"]> } {
  let listener: () => unknown = () => undefined
  const watched = new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== "function") return value
      return (...args: unknown[]) => {
        listener()
        return Reflect.apply(value, target, args)
      }
    },
  })
  return { client: watched, onStatement: (next) => void (listener = next) }
}
