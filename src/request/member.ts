import type { AnyAuth, InferSession, InferUser, Shown } from "../core/auth.ts"

/** A visitor who is signed in. Where the visitor may be signed out, it is `Member<typeof auth> | null`. */
export type Member<A extends AnyAuth> = Shown<{ session: InferSession<A>; user: InferUser<A> }>

/** What a public route handler gets: a member's session and user, or `null` and `null`. */
export type Visitor<A extends AnyAuth> = Member<A> | { session: null; user: null }

/** What {@link Authorize} decides: only `true` lets the member in, and `"confirm"` asks for a new proof of who they are. */
export type Decision = boolean | "confirm"

/**
 * Decides whether a member may go on. `"confirm"`: only after proving again who they are; pages lead to `confirmPath`.
 * Anything else but `true` refuses.
 */
export type Authorize<A extends AnyAuth> = (member: Member<A>) => Decision | Promise<Decision>
