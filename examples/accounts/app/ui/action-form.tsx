"use client"

import { useActionState, useEffect, useRef } from "react"
import type { FormAction } from "@/lib/form-state"

interface FieldSpec {
  name: string
  label: string
  type: "email" | "password" | "code" | "text"
  autoComplete: string
  hint?: string
}

interface ActionFormProps {
  action: FormAction
  button: string
  fields?: FieldSpec[]
  /** Hidden values. */
  hidden?: Record<string, string>
  /** Initial values of the fields. */
  values?: Record<string, string>
}

/** A form for a Server Action. The server's errors appear next to the fields, with or without JavaScript. */
export function ActionForm({ action, button, fields = [], hidden = {}, values: first = {} }: ActionFormProps) {
  const [state, submit, isPending] = useActionState(action, { values: first })
  const form = useRef<HTMLFormElement>(null)
  const { values = {}, errors = {} } = state
  const toMend = fields.find(({ name }) => errors[name])?.name ?? (errors.form ? fields.at(-1)?.name : undefined)

  useEffect(() => {
    if (toMend) form.current?.querySelector<HTMLInputElement>(`#${toMend}`)?.focus()
  }, [state, toMend])

  return (
    <form ref={form} action={submit} noValidate>
      {errors.form && (
        <p className="notice error" role="alert">
          {errors.form}
        </p>
      )}
      {Object.entries(hidden).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      {fields.map((field) => (
        <Field key={field.name} {...field} value={values[field.name]} error={errors[field.name]} />
      ))}
      <button disabled={isPending}>{isPending ? "One moment…" : button}</button>
    </form>
  )
}

function Field({
  name,
  label,
  type,
  autoComplete,
  hint,
  value,
  error,
}: FieldSpec & { value?: string; error?: string }) {
  const note = error ?? hint
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        id={name}
        name={name}
        type={type === "code" ? "text" : type}
        inputMode={type === "code" ? "numeric" : undefined}
        defaultValue={value}
        autoComplete={autoComplete}
        autoCapitalize="none"
        spellCheck={false}
        required
        aria-describedby={note && `${name}-note`}
        aria-invalid={error ? true : undefined}
      />
      {note && (
        <small id={`${name}-note`} className={error && "error"}>
          {note}
        </small>
      )}
    </div>
  )
}
