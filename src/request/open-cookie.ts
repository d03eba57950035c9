import type { AnyAuth } from "../core/auth.ts"
import type { Cookie } from "../core/cookie.ts"
import type { Member } from "./member.ts"
import { remember } from "./remember.ts"
import type { RequestIo } from "./request-io.ts"
import type { SnapshotKeeper } from "./snapshots.ts"

/** How the cookie of one request is reached. */
interface CookieIo extends Pick<RequestIo, "write"> {
  /** The `Cookie` header. */
  header: string | null
  /** Whether the request comes from another origin: then its session does not count. */
  isForeign: boolean
  isWritable(): boolean
}

/** The session cookie of one request: who is signed in by it, and what takes its place. */
export function openCookie(
  auth: AnyAuth,
  { header, isForeign, isWritable, write }: CookieIo,
  snapshots?: SnapshotKeeper<AnyAuth>,
) {
  let token = isForeign ? null : auth.readSessionCookie(header)
  let replacements = 0
  const memo = remember(read)

  async function read(): Promise<Member<AnyAuth> | null> {
    const before = replacements
    // What was read of an earlier session must not overwrite what a later one has written.
    const mayWrite = () => replacements === before && isWritable()
    const member = await readMember()
    if (snapshots && (!isForeign || member) && mayWrite()) await keepSnapshot(snapshots, member, mayWrite)
    return member
  }

  async function readMember(): Promise<Member<AnyAuth> | null> {
    const presented = token
    if (presented === null) return null
    const result = await auth.validateSession(presented)
    if ("reason" in result) return null
    const { session, user, token: renewed } = result
    if (renewed !== undefined || (session.fresh && auth.renewsCookie)) renew(presented, renewed ?? presented)
    return { session, user }
  }

  function renew(presented: string, renewed: string): void {
    if (token !== presented || !isWritable()) return
    token = renewed
    write(auth.createSessionCookie(renewed))
  }

  async function keepSnapshot(
    keeper: SnapshotKeeper<AnyAuth>,
    member: Member<AnyAuth> | null,
    mayWrite: () => boolean,
  ): Promise<void> {
    const { attributes } = auth.createBlankSessionCookie()
    if (member) {
      const renewed = await keeper.snapshotCookie(header, member, attributes)
      if (renewed && mayWrite()) write(renewed)
    } else if (header?.includes(`${keeper.cookieName}=`)) {
      write(keeper.blankSnapshotCookie(attributes))
    }
  }

  /** Writes the cookie of another token, or with `null` deletes it. */
  async function replace(written: Cookie | null): Promise<void> {
    replacements++
    write(written ?? auth.createBlankSessionCookie())
    token = written?.value ?? null
    memo.forget()
    if (!snapshots) return
    write(snapshots.blankSnapshotCookie(auth.createBlankSessionCookie().attributes))
    if (written) await memo.get()
  }

  return { token: () => token, validate: memo.get, forget: memo.forget, replace }
}
