import type { AnyAuth } from "../../core/auth.ts"
import type { Cookie } from "../../core/cookie.ts"
import { AuthError } from "../../core/errors.ts"
import { cookieNames } from "../../request/request-io.ts"
import type { RequestIo, SentCookies } from "../../request/request-io.ts"
import { createRequestSession } from "../../request/request-session.ts"
import type { OpenRequestSession } from "../../request/request-session.ts"
import type { Keepers } from "../../request/device.ts"
import { follow } from "../../request/response-window.ts"
import { isNavigation } from "./answers.ts"
import { actionRequest, cookieHeader, isWritable, readerRequest, readRequest, setCookie } from "./request-state.ts"
import type { HeaderList, NextRequestState } from "./request-state.ts"

/** What differs between a Route Handler, an action and a render. */
type SessionIo = Pick<RequestIo, "write" | "headers" | "allowCrossOrigin">

/** The method and the address of a request. */
type Target = Pick<Request, "method" | "url">

/** The sessions of the requests that Next.js is serving: a handler and what it calls share one. */
export function createSharedSessions<A extends AnyAuth>(auth: A, keepers: Keepers<A>) {
  type Session = OpenRequestSession<A>
  type SharedSession = { session: Session; users: number }
  const name = auth.sessionCookieName
  // The session of the request that handlers are at work on, so that what they call knows the method and reads no more.
  const sessions = new WeakMap<HeaderList, SharedSession>()
  // Requests whose Route Handler has answered: a cookie that is set now reaches nobody.
  const answered = new WeakSet<HeaderList>()
  // The cookies that an action has set, by name: Next.js 14 does not show them to the render that follows.
  const written = new WeakMap<HeaderList, Map<string, string>>()

  function sessionFor(request: Target, state: NextRequestState, io: SessionIo, kept: Keepers<A>): Session {
    const { head } = state
    const sent = cookiesOf(state)
    const cookie = sent.header(name)
    const get = (header: string) => (header === "Cookie" ? cookie : head.get(header))
    const origin = { method: request.method, url: request.url, headers: { get } }
    const own = { request, origin, sent, offersByCookie: true, canWrite: () => true, onUse() {} }
    return createRequestSession(auth, { ...own, ...io }, kept)
  }

  function cookiesOf({ jar, head }: NextRequestState): SentCookies {
    return {
      header: (each) => written.get(head)?.get(each) ?? cookieHeader(each, jar, head),
      names: () => [...cookieNames(head.get("Cookie")), ...jar.getAll().map((each) => each.name)],
    }
  }

  // A render cannot set cookies: what the session would write goes nowhere.
  function openReader(state: NextRequestState): Session {
    return sessionFor(readerRequest(state.head), state, { write() {} }, { device: keepers.device })
  }

  function openWriter(state: NextRequestState): Session {
    const write = (cookie: Cookie) => {
      setCookie(state.jar, cookie)
      if (state.isStale) remember(state.head, cookie)
    }
    return sessionFor(actionRequest(state.head), state, { write }, keepers)
  }

  function remember(head: HeaderList, cookie: Cookie): void {
    const values = written.get(head) ?? new Map<string, string>()
    written.set(head, values.set(cookie.name, `${cookie.name}=${encodeURIComponent(cookie.value)}`))
  }

  async function toWrite(): Promise<Session> {
    const state = await readRequest()
    if (!isWritable(state.jar)) throw new AuthError("headers_sent", inRender)
    const shared = sessions.get(state.head)
    if (!shared && answered.has(state.head)) throw new AuthError("headers_sent", afterAnswer)
    return shared?.session ?? openWriter(state)
  }

  /** Signs in or out, and the like, in the request that is being served. */
  function change<Result>(write: (session: Session) => Promise<Result>): Promise<Result> {
    const changed: Promise<Result> = toWrite().then((session) => {
      const writing = write(session)
      follow(writing, changed)
      return writing
    })
    return changed
  }

  /** Reads of the session of the request that is being served. */
  async function read<Result>(of: (session: Session) => Result | Promise<Result>): Promise<Result> {
    return of(toRead(await readRequest()))
  }

  function toRead(state: NextRequestState): Session {
    return sessions.get(state.head)?.session ?? openReader(state)
  }

  /** Runs a handler with a session that all which it calls shares. Throws if it ends while a sign-in is under way. */
  async function share<Result>(head: HeaderList, start: () => Session, handle: (session: Session) => Promise<Result>) {
    const shared = sessions.get(head) ?? { session: start(), users: 0 }
    sessions.set(head, shared)
    shared.users++
    const [outcome] = await Promise.allSettled([handle(shared.session)])
    const unfinished = await leave(head, shared)
    const isAnswered = outcome.status === "fulfilled"
    if (unfinished && (isAnswered || isNavigation(outcome.reason))) throw unfinished
    if (isAnswered) return outcome.value
    throw outcome.reason
  }

  async function leave(head: HeaderList, shared: SharedSession): Promise<AuthError | null> {
    try {
      // What was called and not awaited has read the request by then, and is known to the session.
      await readRequest()
    } finally {
      shared.users--
    }
    if (shared.users > 0) return null
    sessions.delete(head)
    return shared.session.finish()
  }

  return {
    change,
    share,
    read,
    openRoute: (request: Target, state: NextRequestState, io: SessionIo) => sessionFor(request, state, io, keepers),
    // Called in a render, such as by a page that shows what an action returns, it can set no cookie.
    openAction: (state: NextRequestState) => (isWritable(state.jar) ? openWriter(state) : openReader(state)),
    markAnswered: ({ head }: NextRequestState): void => void answered.add(head),
  }
}

const inRender =
  "Sign in and out, and set flow cookies, in a Server Action or a Route Handler: a Server Component cannot set cookies."
const afterAnswer = "The response was sent without this change. Did you forget await?"
