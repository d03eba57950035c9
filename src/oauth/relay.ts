import { readBody } from "./read-body.ts"

/** Far more than a code, and than most servers take in an address. */
const maxBytes = 8192

/** Answers the form that a provider has the browser send (`response_mode=form_post`) with a redirect that has the same parameters. */
export async function relayForm(request: Request, redirectUris: string[]): Promise<Response> {
  if (request.method !== "POST") return answer(405)
  const url = new URL(request.url)
  let found = redirectUris.map((uri) => new URL(uri)).filter(({ pathname }) => pathname === url.pathname)
  // The rest only where it tells redirect URIs apart: behind a proxy a server does not know its own host.
  for (const part of ["search", "host"] as const) if (found[1]) found = found.filter((uri) => uri[part] === url[part])
  const [target] = found
  if (!target) return answer(404)
  const isForm = request.headers.get("Content-Type")?.startsWith("application/x-www-form-urlencoded")
  const bytes = isForm ? await readBody(request, maxBytes) : null
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(bytes ?? undefined)))
    if (/^(code|state|iss|error|user)$/.test(name)) target.searchParams.append(name, value)
  return bytes && target.href.length <= 2 * maxBytes ? answer(303, target.href) : answer(400)
}

function answer(status: number, location?: string): Response {
  const headers = { Allow: "POST", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" }
  return new Response(null, { status, headers: location ? { ...headers, Location: location } : headers })
}
