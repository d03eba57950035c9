import type { AnyAuth } from "../core/auth.ts"
import { checkOptions, invalidOption } from "../core/options.ts"
import type { Authorize, Member } from "./member.ts"
import { safeRedirect } from "./safe-redirect.ts"

/** Whom a handler is for. */
export interface AccessOptions<A extends AnyAuth> {
  /** Default: every member may. Asked of members only. */
  authorize?: Authorize<A> | undefined
  /** `true` lets those in who are signed out. Default `false`. The guard against cross-origin requests stays. */
  public?: boolean | undefined
}

/** Whom a handler is for, where nobody comes in who is signed out. */
export type MemberOptions<A extends AnyAuth> = AccessOptions<A> & { public?: false | undefined }

/** Whom a handler is for, where those who are signed out may come in. */
export type PublicOptions<A extends AnyAuth> = AccessOptions<A> & { public: true }

/** Where a framework's pages send a visitor who may not see them. */
export interface AccessPaths {
  /** The page to sign in at, such as `/sign-in`. */
  signInPath: string
  /** The page for members who may not go on. Default: they are told that there is no such page. */
  forbiddenPath?: string | undefined
  /**
   * The page to prove again who one is, for members of whom `authorize` says `"confirm"`. It gets `?next=` with the page
   * that was asked for, where that is known; give it to `safeRedirect`. Default: `"confirm"` throws `invalid_option`.
   */
  confirmPath?: string | undefined
}

/** Why a visitor is turned away. `confirm`: they must prove again who they are. */
export type Refusal = "signed_out" | "forbidden" | "confirm"

/** A member who may go on, or why nobody may. */
export type MemberCheck<A extends AnyAuth> =
  { member: Member<A>; refused?: undefined } | { member: null; refused: Refusal }

/** Says why a visitor may not go on; `null` if they may. */
export async function refusalOf<A extends AnyAuth>(
  visitor: Member<A> | null,
  options: AccessOptions<A> = {},
): Promise<Refusal | null> {
  // A misspelt `authorize` must not let everyone in.
  checkOptions("guard", options, "authorize", "public")
  const { authorize, public: isPublic } = options
  if (!visitor) return isPublic ? null : "signed_out"
  const decision = authorize ? await authorize(visitor) : true
  if (decision === true) return null
  return decision === "confirm" ? "confirm" : "forbidden"
}

/** Checks a member for `memberOf()`. */
export async function checkMember<A extends AnyAuth>(
  member: Member<A> | null,
  options?: { authorize?: Authorize<A> | undefined },
): Promise<MemberCheck<A>> {
  checkOptions("memberOf()", options, "authorize")
  const refused = await refusalOf(member, options)
  return member && !refused ? { member } : { member: null, refused: refused ?? "signed_out" }
}

/** What a handler or an API route answers to a visitor it turns away. */
export interface RefusalAnswer {
  status: number
  text: string
  headers?: Record<string, string>
}

/** The answers of handlers and API routes. */
export const refusalAnswers: Record<Refusal, RefusalAnswer> = {
  signed_out: { status: 401, text: "Sign in first" },
  forbidden: { status: 403, text: "Forbidden" },
  // RFC 9470, section 3.
  confirm: {
    status: 401,
    text: "insufficient_user_authentication",
    headers: { "WWW-Authenticate": 'Bearer error="insufficient_user_authentication"' },
  },
}

/** Says which page a visitor is sent to instead of the one at `from`; `undefined` to say that there is no such page. */
export function turnAwayPath(refusal: Refusal, paths: AccessPaths, from: string | null = null): string | undefined {
  if (refusal === "signed_out") return paths.signInPath
  if (refusal === "forbidden") return paths.forbiddenPath
  if (paths.confirmPath === undefined) throw invalidOption("confirmPath", undefined, noConfirmPath)
  return withNext(paths.confirmPath, from)
}

const noConfirmPath = 'is missing, and authorize() said "confirm"; use the page that asks again, such as "/confirm"'

function withNext(path: string, from: string | null): string {
  const next = safeRedirect(from, "")
  // Servers refuse longer addresses.
  if (next === "" || next.length > 2000) return path
  return `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams({ next })}`
}

/** Checks the paths of pages. Throws `invalid_option` for one that may lead to another site. */
export function checkPaths(paths: Record<string, string | undefined>): void {
  for (const [name, path] of Object.entries(paths)) {
    if (path !== undefined && !/^\/(?![/\\])/.test(path)) {
      throw invalidOption(name, path, 'is not a path of this site; use one such as "/sign-in"')
    }
  }
}
