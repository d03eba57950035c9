import { notFound, redirect } from "next/navigation"
import type { OAuthProfile, OAuthResult } from "nightlatch/oauth"
import { normalizeEmail } from "nightlatch/users"
import { door, elevate, flow, getSession, routeHandler, tokens, users } from "@/lib/auth"
import { sendMail } from "@/lib/mail"
import { oauth } from "@/lib/oauth"
import { providerNamed } from "@/lib/providers"
import { enter, notYou } from "@/lib/sessions"
import { newFromProvider } from "@/lib/sign-up"

/** Providers send visitors back here. */
export const GET = routeHandler<{ provider: string }>(
  async (request, { params }) => {
    const provider = providerNamed(params.provider)
    if (!provider) notFound()
    const result = await oauth.finishOAuth(flow, { providerId: provider.id, callback: new URL(request.url) })
    switch (result.outcome) {
      case "known":
        return signIn(result)
      case "unknown":
        return signUp(result)
      case "linked":
        return tellOwner(provider.label, result.next)
      case "refused":
        redirect(`/oauth/problem?reason=${result.reason}`)
    }
  },
  { public: true },
)

type Known = Extract<OAuthResult<OAuthProfile, string>, { outcome: "known" }>
type Unknown = Extract<OAuthResult, { outcome: "unknown" }>

async function signIn({ proof, next }: Known): Promise<never> {
  const member = await getSession()
  // A confirmation, because the proof belongs to the signed-in user.
  if (member?.user.id === proof.userId) {
    await elevate(door, proof)
    redirect(next)
  }
  const user = await users.getUser(proof.userId)
  if (!user) redirect("/oauth/problem?reason=mismatch")
  return enter(proof, user.email, next)
}

/** Users are never looked up by address. A proven address only decides which page comes next. */
async function signUp({ ticket, profile }: Unknown): Promise<never> {
  const email = normalizeEmail(profile.email) ?? ""
  const isVerified = profile.emailVerified && email !== ""
  if (isVerified && (await users.getKey({ providerId: "email", providerUserId: email }))) redirect("/oauth/taken")
  const data = { ticket, email, isVerified }
  await flow.setFlow(newFromProvider, await tokens.createToken({ purpose: "provider_sign_up", data }))
  redirect("/oauth/sign-up")
}

async function tellOwner(label: string, next: string): Promise<never> {
  const member = await getSession()
  const lines = [`${label} signs you in from now on.`, notYou]
  if (member) sendMail(member.user.email, "A way to sign in was added", lines)
  redirect(next)
}
