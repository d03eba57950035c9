"use client"

import { useActionState, useEffect, useRef } from "react"
import type { FormState } from "@/lib/definitions"
import { Field } from "./field"

interface CredentialsFormProps {
  action(state: FormState, form: FormData): Promise<FormState>
  /** Whether the form makes a new account. */
  isNew?: boolean
  /** Where to go when it is done. */
  next?: string
}

export function CredentialsForm({ action, isNew = false, next }: CredentialsFormProps) {
  const [state, submit, isPending] = useActionState(action, {})
  const form = useRef<HTMLFormElement>(null)
  const { values = {}, errors = {}, message } = state
  const toMend = fieldToMend(state)
  const label = isNew ? "Create account" : "Sign in"

  useEffect(() => {
    if (toMend) form.current?.querySelector<HTMLInputElement>(`#${toMend}`)?.focus()
  }, [state, toMend])

  return (
    // The server says what is wrong, also without JavaScript, and beside the field.
    <form ref={form} action={submit} noValidate>
      {message && (
        <p className="notice error" role="alert">
          {message}
        </p>
      )}
      {next && <input type="hidden" name="next" value={next} />}
      {isNew && (
        <Field
          name="name"
          label="Name"
          autoComplete="name"
          value={values.name}
          errors={errors.name}
          hasFocus={toMend === "name"}
        />
      )}
      <Field
        name="email"
        label="Email"
        autoComplete="email"
        value={values.email}
        errors={errors.email}
        hasFocus={toMend === "email"}
      />
      <Field
        name="password"
        label="Password"
        autoComplete={isNew ? "new-password" : "current-password"}
        hint={isNew ? "At least 8 characters. A sentence is best." : undefined}
        errors={errors.password}
        hasFocus={toMend === "password"}
      />
      <button disabled={isPending}>{isPending ? "One moment…" : label}</button>
    </form>
  )
}

function fieldToMend({ errors, message }: FormState): "name" | "email" | "password" | undefined {
  if (errors?.name) return "name"
  if (errors?.email) return "email"
  return errors?.password || message ? "password" : undefined
}
