import { isResponse } from "../../request/response-headers.ts"

/**
 * Runs a handler. A thrown `Response` is the answer, and so is what `redirect()` and `notFound()` throw: Next.js would send
 * it without our headers.
 */
export async function answer(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    const thrown = isResponse(error) ? error : navigationOf(error)
    if (thrown) return thrown
    throw error
  }
}

/** Returns whether an error is how `redirect()`, `notFound()` and their like end a handler. */
export function isNavigation(error: unknown): boolean {
  return navigationOf(error) !== null
}

function navigationOf(error: unknown): Response | null {
  const digest = String((error as { digest?: unknown } | null)?.digest)
  const [, location, redirectStatus = ""] = /^NEXT_REDIRECT;\w+;(.*);(\d{3}|true|false);?$/.exec(digest) ?? []
  if (location !== undefined) {
    const status = redirectStatuses[redirectStatus] ?? Number(redirectStatus)
    return new Response(null, { status, headers: { location } })
  }
  const [isOther, status = 404] = /^NEXT_(?:NOT_FOUND$|HTTP_ERROR_FALLBACK;(\d{3}))/.exec(digest) ?? []
  return isOther === undefined ? null : new Response(null, { status: Number(status) })
}

// Next.js 14.0 says whether the redirect is permanent.
const redirectStatuses: Record<string, number> = { true: 308, false: 307 }
