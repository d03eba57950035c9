/** Runs a handler. What `redirect()` and `notFound()` throw becomes a response: Next.js would send it without our headers. */
export async function answer(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    const digest = String((error as { digest?: unknown } | null)?.digest)
    const [, location, redirectStatus] = /^NEXT_REDIRECT;\w+;(.*);(\d{3});/.exec(digest) ?? []
    if (location !== undefined) return new Response(null, { status: Number(redirectStatus), headers: { location } })
    const [, status = 404] = /^NEXT_(?:NOT_FOUND$|HTTP_ERROR_FALLBACK;(\d{3}))/.exec(digest) ?? unknownError(error)
    return new Response(null, { status: Number(status) })
  }
}

function unknownError(error: unknown): never {
  throw error
}
