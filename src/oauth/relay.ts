import { readBody } from "./read-body.ts"

const names = ["code", "state", "iss", "error", "user"]
/** Far more than a code, and than most servers take in an address. */
const maxBytes = 8192

/** Answers the form that a provider has the browser send (`response_mode=form_post`) with the same as an address. */
export async function relayForm(request: Request, redirectUris: string[]): Promise<Response> {
  if (request.method !== "POST") return answer(405, { Allow: "POST" })
  // By the path: behind a proxy a server does not know its own host.
  const { pathname } = new URL(request.url)
  const target = redirectUris.map((uri) => new URL(uri)).find((uri) => uri.pathname === pathname)
  if (!target) return answer(404)
  const isForm = request.headers.get("Content-Type")?.startsWith("application/x-www-form-urlencoded")
  const form = isForm ? await readForm(request) : null
  if (!form) return answer(400)
  for (const name of names) for (const value of form.getAll(name)) target.searchParams.append(name, value)
  return target.href.length > 2 * maxBytes ? answer(400) : answer(303, { Location: target.href })
}

async function readForm(request: Request): Promise<URLSearchParams | null> {
  const bytes = await readBody(request, maxBytes)
  return bytes && new URLSearchParams(new TextDecoder().decode(bytes))
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status,
    headers: { "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", ...headers },
  })
}
