"use client"

import { startTransition, useActionState, useEffect, useRef, useState } from "react"
import type { FormAction } from "@/lib/form-state"

interface PasskeyFormProps {
  action: FormAction
  button: string
  /** From the server: JSON, and a handle to send back with the browser's response. */
  question: { options: PublicKeyCredentialCreationOptionsJSON | PublicKeyCredentialRequestOptionsJSON; handle: string }
  hidden?: Record<string, string>
  /** Also offers passkeys as suggestions for the page's field "username webauthn". */
  autofill?: boolean
}

/** A button that asks the browser to use or create a passkey, and passes the response to a Server Action. */
export function PasskeyForm({ action, button, question, hidden = {}, autofill = false }: PasskeyFormProps) {
  const [state, submit, isPending] = useActionState(action, {})
  const [problem, setProblem] = useState("")
  const asking = useRef<AbortController>(null)
  const { unknownPasskey, errors } = state
  const message = problem || errors?.form

  async function ask(mediation?: CredentialMediationRequirement) {
    asking.current?.abort()
    asking.current = new AbortController()
    setProblem("")
    try {
      const response = await askBrowser(question.options, { mediation, signal: asking.current.signal })
      const form = new FormData()
      const values = { ...hidden, handle: question.handle, response: JSON.stringify(response) }
      for (const [name, value] of Object.entries(values)) form.set(name, value)
      startTransition(() => submit(form))
    } catch (error) {
      // "AbortError": the visitor pressed the button while the browser was offering suggestions.
      if (!mediation && error instanceof Error && error.name !== "AbortError") setProblem(problemOf(error))
    }
  }

  // Only once: the browser waits until the visitor chooses a suggested passkey.
  useEffect(() => {
    if (!autofill) return
    void canAutofill().then((can) => (can ? ask("conditional") : undefined))
    return () => asking.current?.abort()
  }, [autofill])

  useEffect(() => {
    if (unknownPasskey) void forget(question.options, unknownPasskey)
  }, [question, unknownPasskey])

  return (
    <div className="passkey">
      {message && (
        <p className="notice error" role="alert">
          {message}
        </p>
      )}
      <button type="button" className={autofill ? "quiet" : undefined} disabled={isPending} onClick={() => void ask()}>
        {isPending ? "One moment…" : button}
      </button>
      <noscript>
        <small>Passkeys need JavaScript.</small>
      </noscript>
    </div>
  )
}

type Question = PasskeyFormProps["question"]["options"]

async function askBrowser(
  options: Question,
  more: CredentialRequestOptions,
): Promise<RegistrationResponseJSON | AuthenticationResponseJSON> {
  const credential =
    "rp" in options
      ? await navigator.credentials.create({
          publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
          signal: more.signal,
        })
      : await navigator.credentials.get({
          publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
          ...more,
        })
  return (credential as PublicKeyCredential).toJSON()
}

function problemOf({ name }: Error): string {
  if (name === "InvalidStateError") return "This device already has a passkey for your account."
  if (name === "NotAllowedError") return "Nothing happened: the prompt was closed, or timed out."
  return "This browser or device does not support these passkeys."
}

async function canAutofill(): Promise<boolean> {
  return "PublicKeyCredential" in window && ((await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false)
}

/** Lets the browser hide a passkey that the server does not know, such as one of a deleted account. */
async function forget(options: Question, credentialId: string): Promise<void> {
  const rpId = "rp" in options ? options.rp.id : options.rpId
  if (rpId) await PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId })
}
