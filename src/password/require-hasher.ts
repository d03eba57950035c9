import { AuthError } from "../core/errors.ts"
import type { PasswordHasher } from "./password-hasher.ts"

/** Throws `missing_port` if a hasher lacks a method, as `argon2id` without its `()` does. */
export function requireHasher(hasher: PasswordHasher): void {
  const methods = ["hash", "verify", "needsRehash"] as const
  if (hasher && methods.every((method) => typeof hasher[method] === "function")) return
  throw new AuthError("missing_port", "A password hasher has hash(), verify() and needsRehash(): pass argon2id().")
}
