import type { PasswordReason } from "nightlatch/password"

const passwordErrors: Record<PasswordReason, string> = {
  password_too_short: "Use at least 8 characters.",
  password_too_long: "Use at most 256 characters.",
  password_invalid: "Some of these characters are not supported.",
  password_common: "Too many people use this password.",
}

export function passwordMessage(reason: PasswordReason): string {
  return passwordErrors[reason]
}

export const wrongTotp = "This code is wrong or already used. Wait for the next one."
export const wrongRecovery = "This code is wrong or already used."
export const overSignIn =
  "This sign-in has ended: too much time has passed, or too many codes were wrong. Sign in again."
export const wrongAddress = "Enter an e-mail address, such as ada@example.com."
export const wrongCode = "This code is wrong or too old. After five wrong codes, request a new one."
export const usedLink = "This link is already used or too old. Ask for a new one."
export const refusedPasskey = "This passkey was refused. Reload the page and try again, or sign in another way."
export const unknownPasskey = "This passkey belongs to no account here any more. Sign in another way."
export const passkeyNotAdded = "This passkey could not be added. Reload the page and try again."
