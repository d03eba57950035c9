import "server-only"
import { tokens, users } from "./auth"
import { linkTo, sendMail } from "./mail"

/** The flow cookie of a visitor who has confirmed an address and has no account yet. */
export const confirmedAddress = "confirmed-address"

/** The flow cookie of a visitor who came from a provider and has no account yet. */
export const newFromProvider = "new-account"

/**
 * Mails a sign-up code, and creates its handle. It does the same for every address, so nobody learns who has an account:
 * only the owner does, from the mail.
 */
export async function mailSignUpCode(email: string): Promise<string> {
  const { code, handle } = await tokens.createCode({ purpose: "sign_up", data: { email } })
  const isTaken = await users.getKey({ providerId: "email", providerUserId: email })
  if (isTaken) sendMail(email, "You already have an account", [`Sign in, or reset your password: ${resetPage()}`])
  else
    sendMail(email, "Your code to sign up", [
      code,
      "It works for ten minutes. If you did not request it, ignore this mail.",
    ])
  return handle
}

function resetPage(): string {
  return new URL("/forgot-password", linkTo("/", "")).href
}
