/** A client that keeps cookies as a browser does and follows no redirect. */
export interface Visitor {
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** `FormData` can have files. */
  post(path: string, fields: Fields | FormData, headers?: Record<string, string>): Promise<Response>
  postJson(path: string, body: object, headers?: Record<string, string>): Promise<Response>
  /** The `Cookie` header that it would send now. */
  cookie: string
}

/** A form's fields; a list repeats one. */
export type Fields = Record<string, string | string[]>

/** Makes a visitor without cookies. */
export function createVisitor(origin: string, userAgent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"): Visitor {
  const visitor: Visitor = {
    cookie: "",
    get: (path, headers) => send(path, { headers: headers ?? {} }),
    post: (path, fields, headers) =>
      send(path, { method: "POST", body: encode(fields), headers: { Origin: origin, ...headers } }),
    postJson(path, body, headers) {
      const all = { Origin: origin, "Content-Type": "application/json", ...headers }
      return send(path, { method: "POST", body: JSON.stringify(body), headers: all })
    },
  }
  return visitor

  async function send(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const headers = new Headers({ "User-Agent": userAgent, ...init.headers })
    if (visitor.cookie && !headers.has("Cookie")) headers.set("Cookie", visitor.cookie)
    const response = await fetch(origin + path, { ...init, redirect: "manual", headers })
    for (const value of response.headers.getSetCookie()) {
      visitor.cookie = /max-age=0/i.test(value) ? "" : (value.split(";")[0] ?? "")
    }
    return response
  }
}

function encode(fields: Fields | FormData): URLSearchParams | FormData {
  if (fields instanceof FormData) return fields
  return new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) => [value].flat().map((each) => [name, each])),
  )
}
