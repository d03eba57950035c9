import type { AnyAuth } from "../core/auth.ts"
import { createCookieReader } from "../core/cookie.ts"
import type { Cookie } from "../core/cookie.ts"
import { AuthError } from "../core/errors.ts"
import { parseDuration } from "../core/expiry.ts"
import type { Duration } from "../core/expiry.ts"
import { checkOption } from "../core/options.ts"
import { createSessionCookies } from "../core/session-cookie.ts"
import type { FlowRequest } from "./flow.ts"
import type { SentCookies } from "./request-io.ts"

/** How the flow cookies of one request are reached. */
interface FlowIo {
  sent: SentCookies
  /** Whether setting a cookie does nothing. */
  isRefused: boolean
  /** The name of the cookie of snapshots, if there are any. */
  snapshotName: string | undefined
  requireWritable(): void
  use(): void
  write(cookie: Cookie): void
}

type Flows = Pick<FlowRequest, "readFlow" | "setFlow" | "flowNames">

// Browsers take 4,096 bytes, and some count the attributes.
const maxBytes = 3900
// More than the flows of one browser. Each name is searched for in the whole header.
const maxNames = 100

/** Reads and writes the flow cookies of one request: an attacker on another subdomain can neither plant nor read one. */
export function openFlows(
  auth: AnyAuth,
  { sent, isRefused, snapshotName, requireWritable, use, write }: FlowIo,
): Flows {
  const written = new Map<string, string | null>()

  function valueOf(name: string): string | null {
    const value = written.get(name)
    return value === undefined ? readSent(`${hostPrefix(auth)}${name}`) : value
  }

  function readSent(cookieName: string): string | null {
    const value = decoded(createCookieReader(cookieName)(sent.header(cookieName)))
    return isFlowValue(value) ? value : null
  }

  function checkName(name: string): void {
    // With swapped arguments it is a value, which must not be printed.
    const shown = name?.length > 40 ? "too long" : name
    checkOption("flow name", shown, isFlowName(name), 'is invalid; use 1 to 40 of a-z, 0-9, "-" and "_"')
    checkOption(
      "flow name",
      name,
      !takenNames().has(name),
      "is the name of the session's or another cookie; use another",
    )
  }

  // With `__Host-` or without it, so that what works in development works over https.
  function takenNames(): Set<string> {
    const { replaces = [], ...own } = auth.createBlankSessionCookie()
    const cookieNames = [own, ...replaces].map((cookie) => cookie.name).concat(snapshotName ?? [])
    return new Set(cookieNames.map((name) => name.replace(/^__Host-/, "")))
  }

  return {
    // async, so that what use() throws rejects.
    async readFlow(name) {
      checkName(name)
      use()
      return valueOf(name)
    },

    async setFlow(name, value, expiresIn = "10m") {
      checkName(name)
      const cookie = flowCookie(auth, name, value, expiresIn)
      if (isRefused) return
      requireWritable()
      use()
      write(cookie)
      written.set(name, value)
    },

    async flowNames(prefix) {
      use()
      const [start, taken] = [hostPrefix(auth), takenNames()]
      const names = sent.names().flatMap((name) => (name.startsWith(start) ? [name.slice(start.length)] : []))
      return [...new Set([...names, ...written.keys()])]
        .filter((name) => name.startsWith(prefix) && isFlowName(name) && !taken.has(name))
        .slice(-maxNames)
        .filter((name) => valueOf(name) !== null)
    },
  }
}

// What only the host itself can set, over https. Without Secure no browser takes a cookie of such a name.
function hostPrefix(auth: AnyAuth): string {
  return auth.createBlankSessionCookie().attributes.secure ? "__Host-" : ""
}

function flowCookie(auth: AnyAuth, name: string, value: string | null, expiresIn: Duration): Cookie {
  const { secure, sameSite, partitioned } = auth.createBlankSessionCookie().attributes
  // A provider sends the browser back at the top level. There neither a frame's cookies nor a strict one are sent.
  const isFramed = !name.startsWith("oauth-")
  const { createSessionCookie, createBlankSessionCookie } = createSessionCookies(
    {
      name: `${hostPrefix(auth)}${name}`,
      secure,
      sameSite: isFramed && sameSite === "none" ? "none" : "lax",
      partitioned: isFramed ? partitioned : undefined,
    },
    parseDuration(expiresIn, "expiresIn"),
  )
  if (value === null) return createBlankSessionCookie()
  return { ...createSessionCookie(encoded(value)), value }
}

// As Next.js writes cookies, so that what a Server Action has set can be read elsewhere. A session's cookie that ends with
// the browser has a `~` at its end.
function encoded(value: string): string {
  if (!isFlowValue(value)) throw new AuthError("invalid_option", badValue)
  const text = encodeURIComponent(value).replaceAll("~", "%7E")
  if (text.length > maxBytes) throw new AuthError("cookie_too_large", `flow value: ${text.length} bytes; ${tooLarge}`)
  return text
}

// The value may be a secret, so no message shows it.
const badValue =
  "flow value: not a cookie value; use text of visible ASCII characters without quotes, commas, semicolons and backslashes, or null to delete the cookie"
const tooLarge = `use at most ${maxBytes}, and keep the rest on the server`

function decoded(value: string | null): string | null {
  try {
    return value && decodeURIComponent(value)
  } catch {
    return null
  }
}

function isFlowName(name: unknown): name is string {
  return typeof name === "string" && /^(?!_)[a-z0-9_-]{1,40}$/.test(name)
}

function isFlowValue(value: unknown): value is string {
  return typeof value === "string" && /^[!#-+\--:<-[\]-~]+$/.test(value)
}
