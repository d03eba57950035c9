import { isSecure } from "./endpoint.ts"
import type { Fetch } from "./provider.ts"
import { readBody } from "./read-body.ts"

/** In milliseconds, for a whole answer. A visitor is waiting for it. */
const deadline = 10_000
/** Far more than any key set. */
const maxBytes = 1_048_576

/** Gives every call a deadline and limits the size of its answer. Follows no redirect, and calls only https: addresses. */
export function guardFetch(given: Fetch | undefined): Fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (!isSecure(url)) throw new Error(`${url.origin}: not https:`)
    const signal = AbortSignal.timeout(deadline)
    return new Promise((resolve, reject) => {
      // A fetch that was handed in may not know signals.
      signal.addEventListener("abort", () => reject(new Error(`no answer within ${deadline / 1000} s`)))
      const call = given ?? fetch
      call(input, { ...init, redirect: "manual", signal })
        .then(readWhole)
        .then(resolve, reject)
    })
  }
}

async function readWhole(response: Response): Promise<Response> {
  const bytes = await readBody(response, maxBytes)
  if (!bytes) throw new Error(`an answer of more than ${maxBytes} bytes`)
  return new Response(bytes.length ? bytes : null, response)
}
