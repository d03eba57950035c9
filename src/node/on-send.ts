import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http"

/** Names and values in turn, or pairs of them. */
type RawHeaders = string[] | [string, OutgoingHttpHeader][]

/** What is done when a response goes out. */
export interface Sending {
  /** Puts the headers right. */
  apply(sent: ServerResponse): void
  /** Returns whether the response may go out, and reports it if not. */
  isComplete(): boolean
}

// Every way to send headers ends in writeHead. What it is given joins the others first, as Node itself would do it. It is
// asked which response is sent: Next.js hands out a stand-in in development.
export function onSend(res: ServerResponse, { apply, isComplete }: Sending): void {
  const { writeHead, end } = res
  res.writeHead = function (this: ServerResponse, status: number, ...rest: unknown[]) {
    if (this.headersSent) return Reflect.apply(writeHead, this, [status, ...rest]) as ServerResponse
    const headers = typeof rest[0] === "string" ? rest[1] : rest[0]
    setHeaders(this, headers as OutgoingHttpHeaders | RawHeaders | undefined)
    const reason = typeof rest[0] === "string" ? [rest[0]] : []
    const line = isComplete() ? [status, ...reason] : failing(this)
    apply(this)
    return Reflect.apply(writeHead, this, line) as ServerResponse
  } as ServerResponse["writeHead"]
  // A response that ends at once is held back whole, so that an error page can take its place.
  res.end = function (this: ServerResponse, ...args: unknown[]) {
    return this.headersSent || isComplete() ? (Reflect.apply(end, this, args) as ServerResponse) : this
  } as ServerResponse["end"]
}

// Too late for an error page: that would be written after the end.
function failing(res: ServerResponse): [status: number] {
  res.on("error", () => {})
  return [500]
}

function setHeaders(res: ServerResponse, headers: OutgoingHttpHeaders | RawHeaders = {}): void {
  const pairs = Array.isArray(headers) ? pairsOf(headers) : Object.entries(headers)
  const joined = new Map<string, { name: string; values: OutgoingHttpHeader[] }>()
  // A name may repeat, in another case too: it is one header.
  for (const [name, value] of pairs) {
    if (value === undefined) continue
    const { values } = joined.get(name.toLowerCase()) ?? {}
    if (values) values.push(value)
    else joined.set(name.toLowerCase(), { name, values: [value] })
  }
  for (const { name, values } of joined.values()) {
    const [first, ...others] = values
    res.setHeader(name, others.length > 0 ? values.flat().map(String) : first!)
  }
}

/** Takes names and values in turn, or pairs of them, as `writeHead` does. */
function pairsOf(headers: RawHeaders): [string, OutgoingHttpHeader | undefined][] {
  const flat = (Array.isArray(headers[0]) ? headers.flat(1) : headers) as string[]
  return flat.flatMap((name, n) => (n % 2 === 0 ? [[name, flat[n + 1]] as [string, string]] : []))
}
