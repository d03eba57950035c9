import { formText } from "./form-text"

/** The data that a form of `app/ui/passkey-form.tsx` sends. */
export function passkeyAnswer(form: FormData): { handle: string; response: unknown } {
  return { handle: formText(form, "handle"), response: parsed(formText(form, "response")) }
}

/** The passkey id in a response, as the browser sends it. */
export function passkeyIdIn({ response }: { response: unknown }): string | undefined {
  const { id } = Object(response) as { id?: unknown }
  return typeof id === "string" ? id : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
