import { hashText } from "../platform/crypto.ts"
import { equalBytes, randomBytes, toUtf8 } from "../platform/bytes.ts"
import { fromBase64url, fromHex, isBase64url, toBase64url } from "../platform/encoding.ts"
import type { UserId } from "../core/ports.ts"
import { safeRedirect } from "../request/safe-redirect.ts"

/** What a flow is for. */
export type Intent = "sign_in" | "link" | "confirm"

/** A flow as the client keeps it. Nothing of it is known to the server. */
export interface Flow {
  /** 256 random bits, in base64url. */
  secret: string
  /** In milliseconds. */
  issuedAt: number
  intent: Intent
  /** Which of the redirect URIs. */
  client: string
  /** A path of this site. */
  next: string
}

/** What is part of a flow and is not kept by the client, so that it cannot be exchanged for another. */
export interface FlowBinding {
  providerId: string
  redirectUri: string
  /** Whose session it is that asks. */
  session: { userId: UserId; createdAt: Date } | null
}

/** What is derived from a flow. */
export interface FlowValues {
  state: string
  nonce: string
  codeVerifier: string
}

/** In milliseconds. As long as a flow cookie. */
const lifetime = 600_000
const maxNext = 512

/** Makes a flow. A `next` that is not a path of this site, or is too long, becomes `/`. */
export function newFlow(flow: Omit<Flow, "secret" | "next">, next: unknown): Flow {
  return { ...flow, secret: toBase64url(randomBytes(32)), next: plainNext(next) }
}

/** Writes a flow, as a cookie can hold it. */
export function writeFlow({ secret, issuedAt, intent, client, next }: Flow): string {
  return [secret, issuedAt, intent, client, toBase64url(toUtf8(next))].join(".")
}

/** Reads a flow. `null` for what {@link writeFlow} did not write. */
export function parseFlow(value: unknown): Flow | null {
  // JSON can hold objects that do not become text.
  if (typeof value !== "string") return null
  const [, secret, at, intent, client, next] =
    /^([\w-]{43})\.(\d{1,15})\.(sign_in|link|confirm)\.([\w-]{1,40})\.([\w-]+)$/.exec(value) ?? []
  if (!isBase64url(next, 700)) return null
  const path = plainNext(new TextDecoder().decode(fromBase64url(next)))
  return { secret: secret!, issuedAt: Number(at), intent: intent as Intent, client: client!, next: path }
}

/** Returns whether a time is within the lifetime of a flow, before or after now: the clocks of two servers differ. */
export function isRecent(time: Date | number | null | undefined, now: number): boolean {
  return time != null && Math.abs(now - Number(time)) <= lifetime
}

/** Derives what a flow sends to the provider. The same flow has other values with another binding. */
export async function deriveValues(flow: Flow, { providerId, redirectUri, session }: FlowBinding): Promise<FlowValues> {
  const key = await crypto.subtle.importKey("raw", toUtf8(flow.secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ])
  const asking = session && [typeof session.userId, String(session.userId), Number(session.createdAt)]
  const fields = [providerId, redirectUri, flow.issuedAt, flow.intent, flow.next, asking]

  async function derive(label: string): Promise<string> {
    // No two lists are the same text as JSON.
    const message = toUtf8(JSON.stringify([label, ...fields]))
    return toBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, message)))
  }

  const [state, nonce, codeVerifier] = await Promise.all([derive("state"), derive("nonce"), derive("code_verifier")])
  return { state, nonce, codeVerifier }
}

/** Returns whether a callback has this `state`, and only once: two, joined by a comma, are no state. */
export function hasState({ searchParams }: URL, state: string): boolean {
  return equalBytes(toUtf8(searchParams.getAll("state").join()), toUtf8(state))
}

/** The name of a flow's cookie. */
export function cookieNameOf(state: string): string {
  return `oauth-${hashText(state).slice(0, 8)}`
}

/** The S256 challenge of RFC 7636. */
export function challengeOf(codeVerifier: string): string {
  return toBase64url(fromHex(hashText(codeVerifier)))
}

function plainNext(next: unknown): string {
  const path = safeRedirect(next, "/")
  return toUtf8(path).length > maxNext ? "/" : path
}
