"use client"

import { useActionState } from "react"
import type { FormAction } from "@/lib/form-state"

/** Makes recovery codes and shows them, once. Whose they are is for the sheet of paper. */
export function RecoveryCodes({ action, owner }: { action: FormAction; owner: string }) {
  const [{ codes, errors }, submit, isPending] = useActionState(action, {})
  return (
    <>
      {errors?.form && (
        <p className="notice error" role="alert">
          {errors.form}
        </p>
      )}
      {codes && (
        <div role="status">
          <p>Your codes for {owner}:</p>
          <ol className="codes">
            {codes.map((code) => (
              <li key={code}>
                <code>{code}</code>
              </li>
            ))}
          </ol>
        </div>
      )}
      <form action={submit} className="actions">
        <button disabled={isPending}>{codes ? "Make others" : "Make recovery codes"}</button>
      </form>
    </>
  )
}
