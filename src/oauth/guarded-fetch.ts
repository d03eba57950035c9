import { isSecure } from "./endpoint.ts"
import type { Fetch } from "./provider.ts"
import { readBody } from "./read-body.ts"

/** In milliseconds, for a whole answer. A visitor is waiting for it. */
const deadline = 10_000
/** Far more than any key set. */
const maxBytes = 1_048_576

/** Gives every call a deadline and its answer a limit. Follows no redirect, and sends nothing in clear. */
export function guardFetch(fetch: Fetch = (input, init) => globalThis.fetch(input, init)): Fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (!isSecure(url)) throw new Error(`${url.origin}: not https:`)
    const signal = AbortSignal.timeout(deadline)
    const answer = fetch(input, { ...init, redirect: "manual", signal }).then(readWhole)
    // A fetch that was handed in may not know signals.
    return Promise.race([answer, abortionOf(signal)])
  }
}

async function readWhole(response: Response): Promise<Response> {
  const { status, headers } = response
  const bytes = await readBody(response, maxBytes)
  if (!bytes) throw new Error(`an answer of more than ${maxBytes} bytes`)
  return new Response(bytes.length ? bytes : null, { status, headers })
}

function abortionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`no answer within ${deadline / 1000} s`)))
  })
}
