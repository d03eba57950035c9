import type { AnyAuth } from "../core/auth.ts"
import type { Cookie, CookieAttributes } from "../core/cookie.ts"
import { checkOption } from "../core/options.ts"
import type { Member } from "./member.ts"

/** What a wrapper needs of `createSnapshots()` from `nightlatch/stateless`: it keeps a snapshot cookie next to the session's. */
export interface SnapshotKeeper<A extends AnyAuth> {
  readonly cookieName: string
  /**
   * Makes the cookie of a member's snapshot, with the attributes of the session's own cookie. `null` if the `Cookie`
   * header has one with the same claims that is good for a while.
   */
  // Not a method, so that the claims of another auth's members are a type error.
  readonly snapshotCookie: (
    header: string | null,
    member: Member<A>,
    attributes: CookieAttributes,
  ) => Promise<Cookie | null>
  /** Makes the cookie that deletes it. */
  blankSnapshotCookie(attributes: CookieAttributes): Cookie
}

/** What every wrapper takes to keep snapshots. */
export interface SnapshotOptions<A extends AnyAuth> {
  /** What `createSnapshots()` from `nightlatch/stateless` returned: keeps a snapshot cookie next to the session's. */
  snapshots?: SnapshotKeeper<A> | undefined
}

/** Throws `invalid_option` for snapshots that `createSnapshots()` did not make. `method` is the one that is needed of it. */
export function checkSnapshots(
  snapshots: { readonly cookieName: string } | undefined,
  method: "snapshotCookie" | "openSnapshot" = "snapshotCookie",
): void {
  checkKeeper("snapshots", snapshots, method, "createSnapshots() from nightlatch/stateless")
}

/** Throws `invalid_option` for an option that has not the method, because `maker` did not make it. */
export function checkKeeper(option: string, keeper: unknown, method: string, maker: string): void {
  const made = Object(keeper) as Record<string, unknown>
  const isMade = keeper === undefined || typeof made[method] === "function"
  checkOption(option, keeper, isMade, `is not an instance; use what ${maker} returned`)
}
