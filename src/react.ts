import * as React from "react"
import { createContext, createElement, useContext } from "react"
import type { ReactElement, ReactNode } from "react"

import type { AnyAuth } from "./core/auth.ts"
import { AuthError } from "./core/errors.ts"
import { isPromise } from "./platform/maybe-promise.ts"
import type { Member } from "./request/member.ts"

export type { AnyAuth } from "./core/auth.ts"
export type { Member } from "./request/member.ts"

/** What {@link createSessionContext} returns. */
export interface SessionContext<Value> {
  /**
   * Provides the session that the server read to the components below it. The value can be a promise if React has `use`
   * (React 19, and the React in Next.js 14).
   */
  SessionProvider(props: { value: Value | Promise<Value>; children?: ReactNode }): ReactElement
  /**
   * Returns the current session and user, or `null`, in a Client Component. Suspends while the provider's promise is
   * pending. Use it for display, not for access control: everything in the value is in the browser.
   *
   * Throws `unsupported` if there is no provider, or if the value is a promise and you use React 18 without Next.js.
   */
  useSession(): Value
}

/**
 * Creates a React context for the session. Call it once, in a client file, with the auth's type and not the auth
 * itself. It fetches nothing: the server provides the value. Needs React 18.2 or later.
 *
 * @example
 * "use client"
 * import type { auth } from "./auth"
 * const context = createSessionContext<typeof auth>()
 * // Export each by name: webpack finds no destructured exports in a client file.
 * export const SessionProvider = context.SessionProvider
 * export const useSession = context.useSession
 */
export function createSessionContext<A extends AnyAuth>(): SessionContext<Member<A> | null> {
  type Value = Member<A> | null
  const Context = createContext<Value | Promise<Value> | undefined>(undefined)

  return {
    SessionProvider: ({ value, children }) => createElement(Context.Provider, { value }, children),
    useSession() {
      const value = useContext(Context)
      if (value === undefined)
        throw new AuthError("unsupported", "useSession(): no <SessionProvider> above it; wrap the page in one")
      return isPromise(value) ? resolved(value) : value
    },
  }
}

// React 18 has no `use`, so a named import would fail.
const { use } = React as { use?: <Value>(promise: Promise<Value>) => Value }

function resolved<Value>(promise: Promise<Value>): Value {
  if (use) return use(promise)
  throw new AuthError(
    "unsupported",
    "SessionProvider.value: React 18 cannot wait for a promise; await the session first",
  )
}
