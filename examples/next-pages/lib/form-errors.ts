/** What can be wrong with a form, and how we say it. */
export const messages = {
  username_missing: "Enter your username.",
  username_invalid: "Use 3 to 31 letters, digits, _ or -.",
  username_taken: "This username is already taken.",
  password_missing: "Enter your password.",
  password_too_short: "Use at least 8 characters.",
  password_too_long: "Use at most 256 characters.",
  password_invalid: "Some of these characters cannot be read.",
  password_common: "Too many people use this password.",
  // One message for both, so that nobody learns which usernames exist.
  credentials_wrong: "Wrong username or password.",
  too_many_attempts: "Too many attempts. Try again in a minute.",
  failed: "That did not work. Try again.",
}

export type ErrorCode = keyof typeof messages

const places = ["username", "password", "form"] as const

/** What is wrong, by field; `form` for the form as a whole. */
export type FormErrors = Partial<Record<(typeof places)[number], ErrorCode>>

/** Reads what is wrong from what our API answers, or from the address that it redirects to. */
export function readErrors(source: unknown): FormErrors {
  const found = places.map((place) => [place, (Object(source) as Record<string, unknown>)[place]] as const)
  return Object.fromEntries(found.filter(([, code]) => isErrorCode(code)))
}

export function hasErrors(errors: FormErrors): boolean {
  return places.some((place) => errors[place] !== undefined)
}

function isErrorCode(code: unknown): boolean {
  return typeof code === "string" && Object.hasOwn(messages, code)
}
