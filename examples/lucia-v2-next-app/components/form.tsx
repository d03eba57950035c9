"use client"

import { useRouter } from "next/navigation"
import { useState } from "react"

const Form = ({ children, action }: { children: React.ReactNode; action: string }) => {
  const router = useRouter()
  const [error, setError] = useState<string | null>(null)
  return (
    // The tutorial rendered <Form> here: itself, without end.
    <form
      action={action}
      method="post"
      onSubmit={async (e) => {
        e.preventDefault()
        setError(null)
        const formData = new FormData(e.currentTarget)
        const response = await fetch(action, {
          method: "POST",
          body: formData,
          redirect: "manual",
        }).catch(() => null)

        if (response?.status === 0) {
          // redirected
          // when using `redirect: "manual"`, response status 0 is returned
          return router.refresh()
        }
        // The tutorial showed no other answer.
        setError(await errorIn(response))
      }}
    >
      {error && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
      {children}
    </form>
  )
}

async function errorIn(response: Response | null): Promise<string> {
  // The 401 of /api/logout has no body.
  const answer: unknown = await response?.json().catch(() => null)
  const isError = typeof answer === "object" && answer !== null && "error" in answer
  return isError && typeof answer.error === "string"
    ? answer.error
    : "That did not work. Reload the page and try again."
}

export default Form
