// Runs in the folder of a guide's blocks: answers requests with the handlers that they export.
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** A request for a handler: an export of a file of the guide. */
export interface GuideCall {
  file: string
  name: string
  method: string
  path: string
  cookie: string
  form: Record<string, string> | null
  /** A JSON body instead of a form. */
  json?: unknown
}

/** What the handler answered. */
export interface GuideAnswer {
  status: number
  location: string | null
  cookies: string[]
  text: string
}

type Handler = (request: Request) => Promise<Response>

process.on("message", (call: GuideCall) => {
  answer(call)
    .catch((error: unknown) => ({ status: 500, location: null, cookies: [], text: String(error) }))
    .then((made) => process.send?.(made))
    .catch(console.error)
})

async function answer({ file, name, method, path, cookie, form, json }: GuideCall): Promise<GuideAnswer> {
  const module = (await import(pathToFileURL(join(process.cwd(), file)).href)) as Record<string, Handler>
  const response = await module[name]!(
    new Request(`https://example.com${path}`, {
      method,
      headers: { Cookie: cookie, "Sec-Fetch-Site": "same-origin" },
      body: json === undefined ? form && new URLSearchParams(form) : JSON.stringify(json),
    }),
  )
  const { status, headers } = response
  return { status, location: headers.get("Location"), cookies: headers.getSetCookie(), text: await response.text() }
}
