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
   * Gives the components below it the session that the server read: as a value, or as a promise where React has `use`
   * (React 19, and the React that Next.js 14 brings).
   */
  SessionProvider(props: { value: Value | Promise<Value>; children?: ReactNode }): ReactElement
  /**
   * Returns who is signed in, or `null`, in a Client Component. Suspends while the provider's promise is pending. It
   * shows, it does not protect: everything in the value is in the browser.
   *
   * Throws `unsupported` without a provider, and for a promise in a React 18 of your own.
   */
  useSession(): Value
}

/**
 * Makes a React context for the session. Call it once, in a client file, with the auth's type and not the auth itself.
 * It fetches nothing: the server gives the value. Needs React 18.2 or later.
 *
 * @example
 * "use client"
 * import type { auth } from "./auth"
 * const context = createSessionContext<typeof auth>()
 * // One by one: webpack finds no destructured exports in a client file.
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

// React 18 has no `use`, so it is no import by name.
const { use } = React as { use?: <Value>(promise: Promise<Value>) => Value }

function resolved<Value>(promise: Promise<Value>): Value {
  if (use) return use(promise)
  throw new AuthError(
    "unsupported",
    "SessionProvider.value: React 18 cannot wait for a promise; await the session first",
  )
}
