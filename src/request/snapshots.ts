import type { Member } from "./access.ts"
import type { SessionFields } from "../core/auth.ts"
import type { Cookie, CookieAttributes } from "../core/cookie.ts"

/** What a wrapper needs of `createSnapshots()` from `nightlatch/stateless`. */
export interface SnapshotKeeper {
  readonly cookieName: string
  /**
   * Makes the cookie of a session's snapshot, with the attributes of the session's own cookie. `null` if the `Cookie`
   * header has one with these claims that is good for a while.
   */
  snapshotCookie(
    header: string | null,
    session: Pick<SessionFields, "id" | "userId">,
    claims: object,
    attributes: CookieAttributes,
  ): Promise<Cookie | null>
  /** Makes the cookie that deletes it. */
  blankSnapshotCookie(attributes: CookieAttributes): Cookie
}

/** How a wrapper keeps a snapshot beside the session cookie. */
export interface SnapshotOptions<S, U> {
  /** What `createSnapshots()` returned. */
  with: SnapshotKeeper
  /** Chooses what the snapshot says of a member besides the user id: as little as the proxy needs. */
  claims(member: Member<S, U>): object
}
