"use client"

import { startTransition, useActionState } from "react"

import type { FormEvent, ReactNode } from "react"

export function Form({
  children,
  action,
}: {
  children: ReactNode
  action: (prevState: ActionResult, formData: FormData) => Promise<ActionResult>
}) {
  // Repaired: useFormState() of "react-dom" has become useActionState() of "react".
  const [state, formAction] = useActionState(action, {
    error: null,
  })

  // Repaired: React 19 empties a form that it sends by itself, also when the action answers with an error.
  function onSubmit(e: FormEvent<HTMLFormElement>) {
    e.preventDefault()
    const formData = new FormData(e.currentTarget)
    startTransition(() => formAction(formData))
  }

  return (
    <form action={formAction} onSubmit={onSubmit}>
      {children}
      <p role="alert">{state.error}</p>
    </form>
  )
}

export interface ActionResult {
  error: string | null
}
