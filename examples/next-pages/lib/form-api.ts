import type { NextApiHandler, NextApiRequest, NextApiResponse } from "next"
import type { FormErrors } from "./form-errors"

/** Answers every other method with 405. */
export function allow(method: "GET" | "POST", handle: NextApiHandler): NextApiHandler {
  const methods = method === "GET" ? ["GET", "HEAD"] : [method]
  return (req, res) => {
    if (methods.includes(req.method ?? "")) return handle(req, res)
    res.status(405).setHeader("Allow", methods.join(", ")).json({ error: "Method not allowed" })
  }
}

/** The text of a field. A missing or repeated one, or what is no text, is "". */
export function textField(req: NextApiRequest, name: string): string {
  const value = (Object(req.body) as Record<string, unknown>)[name]
  return typeof value === "string" ? value : ""
}

/** Says that it is done, and where to go from here. */
export function succeed(req: NextApiRequest, res: NextApiResponse, location: string): void {
  if (isSentByScript(req)) res.status(200).json({ location })
  else res.redirect(303, location)
}

/** Says what is wrong: with the form's page, if the browser sent the form by itself. */
export function fail(req: NextApiRequest, res: NextApiResponse, failure: Failure): void {
  if (isSentByScript(req)) res.status(failure.status).json({ errors: failure.errors })
  else res.redirect(303, `${failure.page}?${new URLSearchParams({ ...failure.errors, ...failure.query })}`)
}

interface Failure {
  status: 401 | 422 | 429
  errors: FormErrors
  /** The page that the form is on. */
  page: string
  /** What else its address holds. */
  query?: Record<string, string>
}

// A form that no JavaScript takes care of cannot be JSON.
function isSentByScript({ headers }: NextApiRequest): boolean {
  return /^application\/json\b/i.test(headers["content-type"] ?? "")
}
