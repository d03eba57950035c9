/** What a form shows after an error: the typed values, but never a password, and the errors. */
export interface FormState {
  values?: Record<string, string>
  /** Errors by field name; `form` is for the whole form. */
  errors?: Record<string, string | undefined>
  /** Recovery codes, which are shown only once. */
  codes?: string[]
  /** A passkey that the server does not know. The browser can forget it. */
  unknownPasskey?: string | undefined
}

/** A Server Action of a form. */
export type FormAction = (state: FormState, form: FormData) => Promise<FormState>
