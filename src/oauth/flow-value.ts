import { hashText } from "../platform/crypto.ts"
import { equalBytes, randomBytes, toUtf8 } from "../platform/bytes.ts"
import { fromBase64url, fromHex, isBase64url, toBase64url } from "../platform/encoding.ts"
import type { UserId } from "../core/ports.ts"
import { safeRedirect } from "../request/safe-redirect.ts"
import { filledText } from "./profile.ts"

/** What a flow is for. */
export type Intent = "sign_in" | "link" | "confirm"

/** What a flow says. The client keeps it, so the client can write any of it. */
export interface Flow {
  /** The flow itself. It starts with a secret of 256 random bits. */
  text: string
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

const maxNext = 512

/** Makes the text of a flow, which a cookie can hold. A `next` that is not a path of this site, or is too long, becomes `/`. */
export function newFlow({ issuedAt, intent, client, next }: Omit<Flow, "text" | "next"> & { next?: unknown }): string {
  return [toBase64url(randomBytes(32)), issuedAt, intent, client, toBase64url(toUtf8(plainNext(next)))].join(".")
}

/** Reads the text of a flow. `null` for anything that {@link newFlow} cannot have made. */
export function parseFlow(value: unknown): Flow | null {
  const [text, at, intent, client, next] =
    /^[\w-]{43}\.(\d{1,15})\.(sign_in|link|confirm)\.([\w-]{1,40})\.([\w-]+)$/.exec(filledText(value) ?? "") ?? []
  if (!isBase64url(next, 700)) return null
  const path = plainNext(new TextDecoder().decode(fromBase64url(next)))
  return { text: text!, issuedAt: Number(at), intent: intent as Intent, client: client!, next: path }
}

/** Derives what a flow sends to the provider. With another binding, the same flow has other values. */
export async function deriveValues(
  { text }: Flow,
  { providerId, redirectUri, session }: FlowBinding,
): Promise<FlowValues> {
  // The key is the whole flow, so nobody can change a part of it.
  const algorithm = { name: "HMAC", hash: "SHA-256" }
  const key = await crypto.subtle.importKey("raw", toUtf8(text), algorithm, false, ["sign"])
  const asking = session && [typeof session.userId, String(session.userId), Number(session.createdAt)]

  async function derive(label: string): Promise<string> {
    // No two lists are the same text as JSON.
    const message = toUtf8(JSON.stringify([label, providerId, redirectUri, asking]))
    return toBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, message)))
  }

  return { state: await derive("state"), nonce: await derive("nonce"), codeVerifier: await derive("code_verifier") }
}

/** Returns whether a callback has this `state`, and only once: two, joined by a comma, are no state. */
export function hasState({ searchParams }: URL, state: string): boolean {
  return equalBytes(toUtf8(searchParams.getAll("state").join()), toUtf8(state))
}

/** The name of a flow's cookie. */
export function cookieNameOf(state: string): string {
  return `oauth-${hashText(state).slice(0, 8)}`
}

/** Returns whether {@link cookieNameOf} makes such a name. Others that start so are the application's. */
export function isCookieName(name: string): boolean {
  return /^oauth-[\da-f]{8}$/.test(name)
}

/** The S256 challenge of RFC 7636. */
export function challengeOf(codeVerifier: string): string {
  return toBase64url(fromHex(hashText(codeVerifier)))
}

function plainNext(next: unknown): string {
  const path = safeRedirect(next, "/")
  return toUtf8(path).length > maxNext ? "/" : path
}
