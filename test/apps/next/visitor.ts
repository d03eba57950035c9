import { request } from "node:http"

/** A browser without JavaScript that follows no redirect. */
export interface Visitor {
  /** Its cookies by name. */
  cookies: Map<string, string>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body?: string, headers?: Record<string, string>): Promise<Answer>
  /** Sends the form that has an id on a page to that page. */
  submit(path: string, form: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
}

/** A response and its text. */
export interface Answer {
  status: number
  headers: Headers
  body: string
  location: string | null
  setCookie: string[]
}

/** Makes a visitor without cookies. */
export function createVisitor(origin: string): Visitor {
  const cookies = new Map<string, string>()
  const visitor: Visitor = {
    cookies,
    get: (path, headers) => send("GET", path, undefined, headers),
    post: (path, body, headers) => send("POST", path, body, { Origin: origin, ...headers }),
    async submit(path, form, fields = {}, headers) {
      const page = await send("GET", path)
      const body = new FormData()
      for (const [name, value] of Object.entries({ ...hiddenFields(page.body, form), ...fields }))
        body.append(name, value)
      return send("POST", path, body, { Origin: origin, ...headers })
    },
  }
  return visitor

  async function send(
    method: string,
    path: string,
    body?: string | FormData,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ")
    const init = { method, headers: { ...(cookie && { Cookie: cookie }), ...headers }, redirect: "manual" as const }
    const answer = await read(await fetch(origin + path, body === undefined ? init : { ...init, body }))
    answer.setCookie.forEach(keep)
    return answer
  }

  function keep(header: string): void {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(header) ?? []
    if (/max-age=0(;|$)/i.test(header)) cookies.delete(name)
    else cookies.set(name, value)
  }
}

/** Asks for a path as it is written, which `fetch` would tidy up first. */
export function getRaw(origin: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers }, (message) => {
      const pairs = Object.entries(message.headersDistinct).flatMap(([name, values]) =>
        (values ?? []).map((value): [string, string] => [name, value]),
      )
      const chunks: Buffer[] = []
      message.on("data", (chunk: Buffer) => chunks.push(chunk))
      message.on("end", () => {
        const body = Buffer.concat(chunks).toString()
        const response = new Headers(pairs)
        resolve({ status: message.statusCode ?? 0, body, ...described(response) })
      })
    })
    sent.on("error", reject)
    sent.end()
  })
}

async function read(response: Response): Promise<Answer> {
  return { status: response.status, body: await response.text(), ...described(response.headers) }
}

function described(headers: Headers) {
  return { headers, location: headers.get("Location"), setCookie: headers.getSetCookie() }
}

/** The fields by which Next.js knows an action when the browser runs no JavaScript. */
export function hiddenFields(html: string, form: string): Record<string, string> {
  const [, content] = new RegExp(`<form id="${form}"[^>]*>(.*?)</form>`, "s").exec(html) ?? []
  if (content === undefined) throw new Error(`There is no form ${form} on the page:\n${html.slice(0, 2000)}`)
  const inputs = content.matchAll(/<input type="hidden" name="(\$ACTION[^"]*)"(?: value="([^"]*)")?/g)
  return Object.fromEntries([...inputs].map(([, name = "", value = ""]) => [name, value.replaceAll("&quot;", '"')]))
}
