import { useRouter } from "next/router"
import { useEffect, useRef, useState } from "react"
import type { ReactNode, SubmitEvent } from "react"
import { hasErrors, messages, readErrors } from "../lib/form-errors"
import type { FormErrors } from "../lib/form-errors"

interface FormProps {
  /** The API route that takes the form. */
  action: string
  /** What is wrong already, where the browser sent the form by itself. */
  errors?: FormErrors
  children(state: FormState): ReactNode
}

export interface FormState {
  errors: FormErrors
  isPending: boolean
}

/** A form that an API route answers: with errors, or with where to go. Without JavaScript the browser sends it itself. */
export function Form({ action, errors: initialErrors = {}, children }: FormProps) {
  const router = useRouter()
  const form = useRef<HTMLFormElement>(null)
  const [errors, setErrors] = useState(initialErrors)
  const [isPending, setPending] = useState(false)

  useEffect(() => {
    if (form.current && hasErrors(errors)) startAgain(form.current)
  }, [errors])

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    if (isPending) return
    setPending(true)
    setErrors({})
    const answer = await send(new FormData(event.currentTarget, event.nativeEvent.submitter), action)
    if (answer.location) await router.push(answer.location)
    else setErrors(answer.errors)
    setPending(false)
  }

  return (
    <form ref={form} method="post" action={action} onSubmit={submit}>
      {errors.form && (
        <p className="notice error" role="alert">
          {messages[errors.form]}
        </p>
      )}
      {children({ errors, isPending })}
    </form>
  )
}

interface Answer {
  location?: string
  errors: FormErrors
}

async function send(fields: FormData, action: string): Promise<Answer> {
  try {
    const body = JSON.stringify(Object.fromEntries(fields))
    const response = await fetch(action, { method: "POST", headers: { "Content-Type": "application/json" }, body })
    return readAnswer(await response.json())
  } catch {
    return failed
  }
}

const failed: Answer = { errors: { form: "failed" } }

function readAnswer({ location, errors }: { location?: string; errors?: unknown }): Answer {
  if (location) return { location, errors: {} }
  const known = readErrors(errors)
  return hasErrors(known) ? { errors: known } : failed
}

function startAgain(form: HTMLFormElement): void {
  const password = form.querySelector<HTMLInputElement>("[type=password]")
  if (password) password.value = ""
  const bad = form.querySelector<HTMLInputElement>("[aria-invalid]") ?? password
  bad?.focus()
}
