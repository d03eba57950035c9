/** What a form shows when it comes back: what was typed, but never a password, and what is wrong with it. */
export interface FormState {
  values?: Record<string, string>
  /** By the name of the field; `form` is about all of it. */
  errors?: Record<string, string | undefined>
  /** Recovery codes. Nobody can read them again. */
  codes?: string[]
  /** A passkey that the server does not know: the browser may forget it. */
  unknownPasskey?: string | undefined
}

/** A Server Action of a form. */
export type FormAction = (state: FormState, form: FormData) => Promise<FormState>
