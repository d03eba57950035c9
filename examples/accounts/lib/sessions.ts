import "server-only"
import { headers } from "next/headers"
import type { Proof } from "nightlatch/sign-in"
import { redirect, RedirectType } from "next/navigation"
import { door, flow, recovery, setSession, users } from "./auth"
import { deviceLabel } from "./device-label"
import { browsers, guesses } from "./limits"
import { sendMail } from "./mail"

const browserCookie = "browser"

/** The buckets that count a guess at this account: first the browser's own, if it is known, then the account's. */
export async function bucketsOf(email: string): Promise<string[]> {
  return browsers.bucketsFor(await flow.readFlow(browserCookie), email)
}

/** The flow cookie of a sign-in that is waiting for its second factor. */
export const pendingSignIn = "second-step"

interface Visitor {
  userId: string
  email: string
  device: string
}

/** Signs in the user of a proof, and redirects to a page. */
export async function enter(proof: Proof<string>, email: string, next = "/account"): Promise<never> {
  const device = await currentDevice()
  const begun = await door.beginSignIn(proof, { device })
  return finish(begun, { userId: proof.userId, email, device }, next)
}

/** Continues a sign-in: redirects to the page for the second factor, or completes it. */
export async function finish(
  begun: Awaited<ReturnType<typeof door.beginSignIn>>,
  visitor: Visitor,
  next = "/account",
): Promise<never> {
  if (begun.session) return welcome(begun.token, visitor, next)
  await flow.setFlow(pendingSignIn, begun.pending)
  redirect(`/sign-in/second-step?next=${encodeURIComponent(next)}`, RedirectType.replace)
}

/** Sets the session's cookie and remembers the browser. For an unknown browser, it also sends a notice by mail. */
export async function welcome(token: string, { userId, email, device }: Visitor, next: string): Promise<never> {
  const known = await flow.readFlow(browserCookie)
  const [own, ...others] = await bucketsOf(email)
  const value = await browsers.remember({ userId, account: email, ...(known !== null && { value: known }) })
  await flow.setFlow(browserCookie, value, "90d")
  // A known browser has a separate budget. Its sign-in must not refill that of unknown browsers.
  await guesses.reset({ account: own, total: own })
  await setSession(token)
  if (others.length === 0) sendMail(email, "A new device signed in", [`${device} signed in to your account.`, notYou])
  redirect(next, RedirectType.replace)
}

export const notYou = "If this was not you, reset your password and end the other sessions under Devices."

/** Uses up a recovery code, and notifies the owner. */
export async function redeemRecoveryCode(userId: string, code: string): Promise<Proof<string> | null> {
  const [proof, user] = [await recovery.redeemCode({ userId, code }), await users.getUser(userId)]
  const left = await recovery.countCodes(userId)
  if (proof && user) sendMail(user.email, "A recovery code was used", [`You have ${left} left.`, notYou])
  return proof
}

export async function currentDevice(): Promise<string> {
  return deviceLabel((await headers()).get("User-Agent") ?? "")
}
