import { createAuth } from "../../../src/core/create-auth.ts"
import { createSnapshots, createStatelessAuth } from "../../../src/stateless.ts"
import { memoryAdapter } from "../../../adapters/memory.ts"
import { unstorageAdapter } from "../../../adapters/unstorage.ts"

const secrets = ["a secret of thirty-two bytes at the least"]
const start = Date.UTC(2030, 0, 1)

/** Whatever takes this long is cut off in the middle. */
function pause() {
  return new Promise((resolve) => setTimeout(resolve, 400))
}

/** Makes the methods of an object slow, those of these names or all. */
function slow(object, ...names) {
  const slowed = (name) => names.length === 0 || names.includes(name)
  return new Proxy(object, {
    get: (target, name) => {
      const value = target[name]
      if (typeof value !== "function") return value
      return slowed(name) ? async (...values) => (await pause(), value.apply(target, values)) : value.bind(target)
    },
  })
}

function slowWebCrypto(...names) {
  const { subtle } = crypto
  Object.defineProperty(crypto, "subtle", { value: slow(subtle, ...names) })
}

/**
 * What a request does, and every later request again. Each subject keeps its state in the module, as an application does,
 * and its first request is cut off in the middle. To add one, write a function here and its sentence in cut-off.spec.ts.
 */
const subjects = {
  async extension() {
    const memory = memoryAdapter()
    await memory.insertUser({ id: "ada", attributes: {} }, null)
    const { token } = await createAuth({ adapter: memory, now: () => start }).createSession("ada")
    const adapter = {
      ...memory,
      extendSession: async (...values: Parameters<typeof memory.extendSession>) => (
        await pause(),
        memory.extendSession(...values)
      ),
    }
    const { validateSession } = createAuth({ adapter, now: () => start + 20 * 86_400_000 })
    return async () => (await validateSession(token)).user?.id
  },

  async stateless() {
    slowWebCrypto("importKey", "deriveBits")
    const { createSession } = createStatelessAuth({ secrets })
    return async () => (await createSession("ada")).session.userId
  },

  async snapshots() {
    slowWebCrypto("importKey", "deriveBits")
    const { sealSnapshot, openUnboundSnapshot } = createSnapshots({ secrets, claims: () => ({}) })
    return async () =>
      (await openUnboundSnapshot(await sealSnapshot({ id: "0".repeat(64), userId: "ada" }, {})))!.userId
  },

  async unstorage() {
    const items = new Map()
    const storage = {
      getItem: async (key) => (await pause(), items.get(key) ?? null),
      setItem: async (key, value) => void items.set(key, value),
      removeItem: async (key) => void items.delete(key),
      getKeys: async (base) => [...items.keys()].filter((key) => key.startsWith(base)),
    }
    const { updateSession } = unstorageAdapter(storage)
    return async () => ((await updateSession("0".repeat(64), {})) ? null : "ada")
  },
}

// Requests share the module's state, which must not include a promise that one of them started.
let run

export default {
  async fetch(request) {
    const name = new URL(request.url).pathname.slice(1)
    if (name.startsWith("open/")) {
      run = await subjects[name.slice(5)]()
      return new Response("open")
    }
    return new Response(await run())
  },
}
