import { respond } from "./pages.ts"

/** Answers a request. */
export type Handler = (request: Request) => Response | Promise<Response>

const routes = new Map<string, Handler>()

/** Adds a route for GET. */
export function get(path: string, handler: Handler): void {
  routes.set(`GET ${path}`, handler)
}

/** Adds a route for POST. */
export function post(path: string, handler: Handler): void {
  routes.set(`POST ${path}`, handler)
}

const headers = {
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  // Not "no-referrer": with that, browsers send forms with `Origin: null`.
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
}

/** Answers a request by its route. A failure is a 500, and its cause is printed. */
export async function handle(request: Request): Promise<Response> {
  const response = await answer(request)
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  // What depends on the session is for one browser only.
  if (!response.headers.has("Cache-Control")) response.headers.set("Cache-Control", "private, no-store")
  return response
}

async function answer(request: Request): Promise<Response> {
  const handler = routes.get(`${request.method} ${new URL(request.url).pathname}`)
  if (!handler) return respond(request, "There is no page at this address.", 404)
  try {
    return await handler(request)
  } catch (error) {
    console.error(error)
    return respond(request, "An unknown error occurred", 500)
  }
}
