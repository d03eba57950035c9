"use client"

import { useActionState, useEffect, useRef } from "react"
import type { CredentialsState } from "@/app/actions/credentials"
import { Field } from "./field"

interface CredentialsFormProps {
  action(state: CredentialsState, form: FormData): Promise<CredentialsState>
  button: string
  passwordKind: "new-password" | "current-password"
  hints?: { username: string; password: string }
  /** Where to go when it is done. */
  next?: string
}

export function CredentialsForm({ action, button, passwordKind, hints, next }: CredentialsFormProps) {
  const [state, submit, isPending] = useActionState(action, {})
  const form = useRef<HTMLFormElement>(null)
  const { username, remember, errors = {} } = state
  const toMend = fieldToMend(state)

  useEffect(() => {
    if (toMend) form.current?.querySelector<HTMLInputElement>(`#${toMend}`)?.focus()
  }, [state, toMend])

  return (
    // The server says what is wrong, also without JavaScript, and beside the field.
    <form ref={form} action={submit} noValidate>
      {errors.form && (
        <p className="notice error" role="alert">
          {errors.form}
        </p>
      )}
      {next && <input type="hidden" name="next" value={next} />}
      <Field
        name="username"
        label="Username"
        kind="username"
        value={username}
        hint={hints?.username}
        error={errors.username}
        hasFocus={toMend === "username"}
      />
      <Field
        name="password"
        label="Password"
        kind={passwordKind}
        hint={hints?.password}
        error={errors.password}
        hasFocus={toMend === "password"}
      />
      <label className="check">
        <input type="checkbox" name="remember" defaultChecked={remember} /> Remember me on this device
      </label>
      <button disabled={isPending}>{isPending ? "One moment…" : button}</button>
    </form>
  )
}

function fieldToMend({ errors }: CredentialsState): "username" | "password" | undefined {
  if (errors?.username) return "username"
  return errors?.password || errors?.form ? "password" : undefined
}
