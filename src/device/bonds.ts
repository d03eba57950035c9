import { createCookieReader } from "../core/cookie.ts"
import type { Cookie, CookieAttributes } from "../core/cookie.ts"
import { createSessionCookies } from "../core/session-cookie.ts"
import { hashText } from "../platform/crypto.ts"
import { cookieName } from "../request/device-offer.ts"
import type { Seals } from "./seals.ts"

// In milliseconds. A browser's clock may be late, and a request on its way: the cookie is renewed before it is void.
const margin = 30_000

/** A key that a session is bound to, and the cookie that says when its browser has proved it. */
export interface Bond {
  key: string
  /** The key's SHA-256, as lower-case hex. */
  hash: string
  /** The first eight digits of the hash. */
  short: string
  cookieName: string
  /** Reads the cookie out of a `Cookie` header. */
  read(header: string | null): string | null
  /**
   * Resolves to when the browser proved the key, by the cookie in a `Cookie` header that came at `arrived`, default now;
   * `null` if it was not good then.
   */
  provenAt(header: string | null, arrived?: number): Promise<Date | null>
  /** Makes the cookie that says that the browser has proved the key now. */
  prove(): Promise<Cookie>
  /** Makes the cookie that deletes it. */
  forget(): Cookie
}

/** Makes the functions that write the cookies of bonds, with the attributes of the session's own. `life` is in milliseconds. */
export function createBonds(
  { secure, sameSite }: Pick<CookieAttributes, "secure" | "sameSite">,
  { seal, open }: Seals,
  { life, now }: { life: number; now: () => number },
) {
  function cookiesOf(rest: string, lifetime: number) {
    return createSessionCookies({ name: cookieName(rest, secure), secure, sameSite }, lifetime)
  }

  function bondTo(key: string): Bond {
    const hash = hashText(key)
    const short = hash.slice(0, 8)
    const name = cookieName(`-${short}`, secure)
    const read = createCookieReader(name)
    // Not made before it is needed: each request of a bound session comes here.
    const cookies = () => cookiesOf(`-${short}`, life - margin)
    return {
      key,
      hash,
      short,
      cookieName: name,
      read,
      async provenAt(header, arrived = now()) {
        const opened = await open("cookie", read(header))
        return opened?.subject === hash && arrived - opened.at < life ? new Date(opened.at) : null
      },
      prove: async () => cookies().createSessionCookie(await seal("cookie", hash, now())),
      forget: () => cookies().createBlankSessionCookie(),
    }
  }

  return { cookiesOf, bondTo }
}
