"use client"

import { useActionState } from "react"
import type { FormAction } from "@/lib/form-state"

/** Creates recovery codes and shows them once, with the owner's address for the printout. */
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
        <button disabled={isPending}>{codes ? "Create new codes" : "Create recovery codes"}</button>
      </form>
    </>
  )
}
