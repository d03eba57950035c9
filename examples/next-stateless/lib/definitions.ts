import { checkPassword } from "nightlatch/password"
import type { PasswordReason } from "nightlatch/password"
import { z } from "zod"

const passwordErrors: Record<PasswordReason, string> = {
  password_too_short: "Use at least 8 characters.",
  password_too_long: "Use at most 256 characters.",
  password_invalid: "Some of these characters cannot be read.",
  password_common: "Too many people use this password.",
}

// Only the name is trimmed: a password is taken as it was typed.
export const signUpSchema = z.object({
  name: z.string().trim().min(2, "Use at least 2 characters.").max(60, "Use at most 60 characters."),
  email: z.email("Enter an email address.").max(190, "Use at most 190 characters."),
  password: z.string().superRefine(async (password, { addIssue }) => {
    const reason = await checkPassword(password)
    if (reason) addIssue(passwordErrors[reason])
  }),
})

export const signInSchema = z.object({
  email: z.string().min(1, "Enter your email address.").max(190, "Use at most 190 characters."),
  password: z.string().min(1, "Enter your password."),
})

/** What a form shows again: what was typed, but for the password, and what is wrong with it. */
export interface FormState {
  values?: { name?: string; email?: string }
  errors?: { name?: string[]; email?: string[]; password?: string[] }
  message?: string
}
