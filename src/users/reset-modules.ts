import { AuthError, guardPort } from "../core/errors.ts"
import type { UserId } from "../core/ports.ts"
import { resetsPort } from "../proof/resets.ts"
import type { Resettable } from "../proof/resets.ts"

/** A module to reset, as {@link guardResets} prepares it. */
export interface ResetModule<Id extends UserId = UserId> extends Pick<Resettable<Id>, "resetUser"> {
  isAuth: boolean
  port: string | undefined
}

/**
 * Guards the modules, and puts the auth first. Sessions must end before second factors do: otherwise a live session
 * would no longer be asked for them.
 */
export function guardResets<Id extends UserId>(
  modules: readonly Resettable<Id>[] | undefined,
): ResetModule<Id>[] | undefined {
  const guarded = modules?.map((module) => ({
    isAuth: "invalidateUserSessions" in module && typeof module.invalidateUserSessions === "function",
    port: module[resetsPort],
    ...guardPort(module, ["resetUser"], "resets"),
  }))
  return guarded?.sort((a, b) => Number(b.isAuth) - Number(a.isAuth))
}

/**
 * Throws `missing_port` if the auth is missing, or the tokens that the users' adapter keeps. TOTP and passkeys that it
 * keeps need no module: most adapters have their ports, and few applications use them.
 */
export function requireResets(modules: readonly ResetModule[] | undefined, adapter: object): void {
  if (!modules) return
  if (!modules.some(({ isAuth }) => isAuth)) throw missingReset("the auth is missing; add what createAuth() returned")
  if ("deleteTokens" in adapter && !modules.some(({ port }) => port === "deleteTokens"))
    throw missingReset("the adapter has deleteTokens(), and no module resets it; add createTokens()")
}

/** Makes the error for a module that is missing from `resets`. */
export function missingReset(problem: string): AuthError {
  return new AuthError("missing_port", `resets: ${problem}`)
}
