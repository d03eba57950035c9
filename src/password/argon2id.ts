import { AuthError } from "../core/errors.ts"
import { checkOptions } from "../core/options.ts"
import { nodeModule } from "../platform/node.ts"
import { receiveKey } from "./node-scrypt.ts"
import type { PasswordHasher } from "./password-hasher.ts"
import { runQueued } from "./password-queue.ts"
import { createPhcHasher } from "./phc-hasher.ts"
import type { KeyDerivation } from "./phc-hasher.ts"

/** The cost of one {@link argon2id} hash. */
export interface Argon2idOptions {
  /** Memory in KiB. Default 19456 (19 MiB). */
  memoryCost?: number | undefined
  /** The number of passes over that memory. Default 2. */
  timeCost?: number | undefined
  /** The number of lanes. Default 1. */
  parallelism?: number | undefined
}

type Name = "m" | "t" | "p"

// The rows on which OWASP's Password Storage Cheat Sheet and ASVS 5.0 (appendix C) agree: memory and passes.
const recommended = [
  [47104, 1],
  [19456, 2],
  [12288, 3],
] as const

const derivation: KeyDerivation<Name> = {
  prefix: "argon2id$v=19",
  names: ["m", "t", "p"],
  isAffordable: ({ m, t, p }) => m <= 2 ** 20 && t <= 10 && p <= 16 && m >= 8 * p,
  isStrong: ({ m, t }) => recommended.some(([memory, passes]) => m >= memory && t >= passes),
  derive: (password, salt, length, cost) => runQueued(async () => (await loadEngine())(password, salt, length, cost)),
}

/**
 * Hashes passwords with Argon2id (RFC 9106). It uses the package `@node-rs/argon2`, loaded at the first password.
 * Without the package, it uses Node.js 24.19 or later, which makes the same hashes about three times as slowly. With
 * neither, `hash` and `verify` reject with `missing_port`. Stored hashes over 1 GiB, 10 passes or 16 lanes are refused.
 * Throws `invalid_option` if the cost is below OWASP's table.
 *
 * @example
 * const users = createUsers({ adapter, passwordHasher: argon2id() })
 */
export function argon2id(options: Argon2idOptions = {}): PasswordHasher {
  checkOptions("argon2id()", options, "memoryCost", "timeCost", "parallelism")
  const { memoryCost = 19456, timeCost = 2, parallelism = 1 } = options
  return createPhcHasher(derivation, { m: memoryCost, t: timeCost, p: parallelism })
}

type Engine = KeyDerivation<Name>["derive"]

let engine: Engine | undefined

async function loadEngine(): Promise<Engine> {
  return (engine ??= await findEngine())
}

async function findEngine(): Promise<Engine> {
  try {
    // Bundlers that evaluate concatenated names, as those of Next.js do, ship the package with the application. They go
    // on without it, because this is inside `try`. esbuild reads only literal names. With one, it would try to bundle
    // the package's binary, even for the other hashers, and fail.
    const { hashRaw }: typeof import("@node-rs/argon2") = await import(/* @vite-ignore */ "@node-rs/".concat("argon2"))
    // The package makes Argon2id version 19 by default.
    return (password, salt, outputLen, { m, t, p }) =>
      hashRaw(password, { salt, outputLen, memoryCost: m, timeCost: t, parallelism: p })
  } catch (cause) {
    const builtIn = findBuiltIn()
    if (builtIn) return builtIn
    throw new AuthError("missing_port", remedyFor(cause), { cause })
  }
}

function findBuiltIn(): Engine | null {
  const argon2 = nodeModule("node:crypto")?.argon2
  if (!argon2) return null
  return (message, nonce, tagLength, { m, t, p }) =>
    receiveKey((done) => argon2("argon2id", { message, nonce, tagLength, memory: m, passes: t, parallelism: p }, done))
}

function remedyFor(cause: unknown): string {
  const orNode = "or use Node.js 24.19 or later, which needs no package"
  const { code, message } = cause as { code?: unknown; message?: unknown }
  if (String(code).endsWith("MODULE_NOT_FOUND") && String(message).includes("'@node-rs/argon2'")) {
    return `argon2id(): the package @node-rs/argon2 is not installed; run npm install @node-rs/argon2, ${orNode}`
  }
  return (
    "argon2id(): the package @node-rs/argon2 is installed but could not be loaded, usually because its binary for this " +
    `platform is missing; install it on this platform and without --omit=optional, ${orNode}, or scrypt() or pbkdf2() ` +
    "where no native module can be loaded, as on Workers (see the cause)"
  )
}
