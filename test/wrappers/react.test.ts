import { PassThrough } from "node:stream"
import { text } from "node:stream/consumers"
import { createElement, Suspense } from "react"
import type { ReactElement, ReactNode } from "react"
import { renderToPipeableStream, renderToString } from "react-dom/server"
import { afterEach, describe, expect, expectTypeOf, test, vi } from "vitest"
import type { InferSession, InferUser } from "../../src/index.ts"
import { createSessionContext } from "../../src/react.ts"
import { setUp } from "../core/auth-fixture.ts"

type Auth = Awaited<ReturnType<typeof setUp>>["auth"]

const { SessionProvider, useSession } = createSessionContext<Auth>()

afterEach(() => vi.unstubAllGlobals())

describe("useSession()", () => {
  test("shows the value that the server gave", async () => {
    expect(renderToString(provide(await signedIn(), who()))).toBe("<b>ada</b>")
    expect(renderToString(provide(null, who()))).toBe("<b>nobody</b>")
  })

  test("suspends while the promise is pending, and then shows what it holds", async () => {
    const waiting = createElement(Suspense, { fallback: "waiting" }, who())
    expect(renderToString(provide(new Promise(() => {}), waiting))).toContain("waiting")
    expect(await stream(provide(signedIn(), waiting))).toContain("<b>ada</b>")
  })

  test("shows nobody for a promise of null", async () => {
    expect(await stream(provide(Promise.resolve(null), who()))).toContain("<b>nobody</b>")
  })

  test("takes the nearest provider, and of its own context", async () => {
    const other = createSessionContext<Auth>()
    const inner = provide(null, who())
    const nested = createElement(other.SessionProvider, { value: null }, provide(await signedIn(), [who(), inner]))
    expect(renderToString(nested)).toBe("<b>ada</b><b>nobody</b>")
  })

  test("is an error without a provider", () => {
    expect(() => renderToString(who())).toThrow(expect.objectContaining({ name: "AuthError", code: "unsupported" }))
  })

  test("fetches nothing", async () => {
    vi.stubGlobal("fetch", () => {
      throw new Error("Nothing is fetched here.")
    })
    expect(renderToString(provide(await signedIn(), who()))).toContain("ada")
  })

  test("knows the user's and the session's shape", () => {
    expectTypeOf(useSession).returns.toEqualTypeOf<{ session: InferSession<Auth>; user: InferUser<Auth> } | null>()
    expectTypeOf<NonNullable<ReturnType<typeof useSession>>["user"]>().not.toHaveProperty("email")
  })
})

function who(): ReactElement {
  return createElement(Who, { key: "who" })
}

function Who() {
  return createElement("b", null, useSession()?.user.username ?? "nobody")
}

function provide(value: Parameters<typeof SessionProvider>[0]["value"], children: ReactNode): ReactElement {
  return createElement(SessionProvider, { key: "provider", value }, children)
}

async function signedIn() {
  const { auth } = await setUp()
  const { token } = await auth.createSession("user-1")
  const result = await auth.validateSession(token)
  return result.session ? { session: result.session, user: result.user } : null
}

function stream(element: ReactElement): Promise<string> {
  return text(renderToPipeableStream(element).pipe(new PassThrough()))
}
