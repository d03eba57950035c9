/** A case that cannot pass in some runtimes, and why. */
interface LeftOut {
  part: string
  name: string
  runtimes: string[]
  reason: string
  /** What such a runtime says instead. */
  failure: RegExp
}

const nodes = ["Node.js 20", "Node.js 22", "Node.js 24", "Node.js 26"]
const withoutNodeModules = ["workerd", "Edge runtime"]
const withoutNativeModules = [...withoutNodeModules, "workerd with nodejs_compat"]

/** Each of them is run all the same, and must fail as it says: what comes to work in a runtime may not stay here. */
export const leftOut: LeftOut[] = [
  {
    part: "web",
    name: "the response of a WebSocket handshake carries the cookie",
    runtimes: [...nodes, "Bun", "Deno", "Edge runtime"],
    reason: "no WebSocketPair: the server answers a handshake on the socket",
    failure: /WebSocketPair is not defined/,
  },
  {
    part: "passwords",
    name: "scrypt() hashes and verifies",
    runtimes: withoutNodeModules,
    reason: "no node:crypto",
    failure: /scrypt\(\) needs node:crypto/,
  },
  {
    part: "passwords",
    name: "argon2id() hashes and verifies",
    runtimes: withoutNativeModules,
    reason: "no native modules, and no argon2 in node:crypto",
    failure: /argon2id\(\): the package @node-rs\/argon2 /,
  },
]
