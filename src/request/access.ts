import type { AnyAuth } from "../core/auth.ts"
import { checkOptions, invalidOption } from "../core/options.ts"
import type { Authorize, Member } from "./member.ts"

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
}

/** Why a visitor is turned away. */
export type Refusal = "signed_out" | "forbidden"

/** Says why a visitor may not go on; `null` if they may. */
export async function refusalOf<A extends AnyAuth>(
  visitor: Member<A> | null,
  options: AccessOptions<A> = {},
): Promise<Refusal | null> {
  // A misspelt `authorize` must not let everyone in.
  checkOptions("guard", options, "authorize", "public")
  const { authorize, public: isPublic } = options
  if (!visitor) return isPublic ? null : "signed_out"
  return !authorize || (await authorize(visitor)) === true ? null : "forbidden"
}

/** Checks the paths of pages. Throws `invalid_option` for one that may lead to another site. */
export function checkPaths(paths: Record<string, string | undefined>): void {
  for (const [name, path] of Object.entries(paths)) {
    if (path !== undefined && !/^\/(?![/\\])/.test(path)) {
      throw invalidOption(name, path, 'is not a path of this site; use one such as "/sign-in"')
    }
  }
}
