interface Stored {
  url: string
  vary: [name: string, value: string | null][]
  headers: Headers
  status: number
  body: string
  freshUntil: number
}

type Serve = (request: Request) => Promise<Response>

/** Puts a shared cache before a server that keeps whatever RFC 9111 lets it keep, cookies and all (section 7.3). */
export function createSharedCache(serve: Serve, now: () => number) {
  let stored: Stored[] = []
  let hits = 0

  async function fetch(request: Request): Promise<Response> {
    const found = request.method === "GET" ? stored.find((entry) => isFor(entry, request)) : undefined
    if (found && found.freshUntil > now()) return answer(found)
    if (found) request = withValidator(request, found)
    const response = await serve(request)
    if (found && response.status === 304 && !isForbidden(request, response)) return answer(refresh(found, response))
    if (!["GET", "HEAD"].includes(request.method)) stored = stored.filter(({ url }) => url !== request.url)
    return isForbidden(request, response) ? response : keep(request, response)
  }

  function answer({ body, headers, status }: Stored): Response {
    hits++
    return new Response(body, { headers, status })
  }

  // Section 4.3.4: a 304 brings new headers for the stored body, and a new life.
  function refresh(entry: Stored, response: Response): Stored {
    response.headers.forEach((value, name) => entry.headers.set(name, value))
    entry.freshUntil = now() + lifetimeOf(entry.headers)
    return entry
  }

  async function keep(request: Request, response: Response): Promise<Response> {
    const body = await response.text()
    const { headers, status } = response
    const vary = (headers.get("Vary") ?? "").split(",").filter(Boolean)
    const values = vary.map((name): [string, string | null] => [name.trim(), request.headers.get(name.trim())])
    stored.unshift({ url: request.url, vary: values, headers, status, body, freshUntil: now() + lifetimeOf(headers) })
    return new Response(body, { headers, status })
  }

  return { fetch, hits: () => hits, size: () => stored.length }
}

function isFor({ url, vary }: Stored, request: Request): boolean {
  return url === request.url && vary.every(([name, value]) => name !== "*" && request.headers.get(name) === value)
}

function withValidator(request: Request, { headers }: Stored): Request {
  const validated = new Request(request)
  validated.headers.set("If-None-Match", headers.get("ETag") ?? "")
  return validated
}

// Section 3. What is not forbidden may be stored: an answer without a word about caching, too (section 4.2.2).
function isForbidden(request: Request, { status, headers }: Response): boolean {
  const says = headers.get("Cache-Control") ?? ""
  if (request.method !== "GET" || ![200, 203, 301, 304, 404, 410].includes(status)) return true
  if (request.headers.has("Authorization") && !/public|s-maxage|must-revalidate/.test(says)) return true
  return /no-store|private/.test(says) || headers.get("Vary") === "*"
}

function lifetimeOf(headers: Headers): number {
  const says = headers.get("Cache-Control") ?? ""
  if (/no-cache/.test(says)) return 0
  const seconds = /s-maxage=(\d+)/.exec(says)?.[1] ?? /max-age=(\d+)/.exec(says)?.[1]
  return Number(seconds ?? 60) * 1000
}
