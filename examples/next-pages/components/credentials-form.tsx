import { messages } from "../lib/form-errors"
import type { ErrorCode, FormErrors } from "../lib/form-errors"
import { Form } from "./form"

interface CredentialsFormProps {
  action: string
  button: string
  passwordKind: "new-password" | "current-password"
  hints?: { username: string; password: string }
  errors: FormErrors
  /** Where to go when it is done. */
  next?: string
}

/** Asks for a username and a password. */
export function CredentialsForm({ action, button, passwordKind, hints, errors, next }: CredentialsFormProps) {
  return (
    <Form action={action} errors={errors}>
      {({ errors, isPending }) => (
        <>
          {next && <input type="hidden" name="next" value={next} />}
          <Field name="username" label="Username" kind="username" hint={hints?.username} error={errors.username} />
          <Field name="password" label="Password" kind={passwordKind} hint={hints?.password} error={errors.password} />
          <label className="check">
            <input type="checkbox" name="remember" value="yes" /> Remember me on this device
          </label>
          <button aria-disabled={isPending}>{isPending ? "One moment …" : button}</button>
        </>
      )}
    </Form>
  )
}

interface FieldProps {
  name: "username" | "password"
  label: string
  kind: "username" | "new-password" | "current-password"
  hint?: string
  error?: ErrorCode
}

function Field({ name, label, kind, hint, error }: FieldProps) {
  const note = error ? messages[error] : hint
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        id={name}
        name={name}
        type={kind === "username" ? "text" : "password"}
        autoComplete={kind}
        autoCapitalize="none"
        spellCheck={false}
        required
        aria-describedby={note && `${name}-note`}
        aria-invalid={error && true}
        autoFocus={error && true}
      />
      {note && (
        <small id={`${name}-note`} className={error && "error"}>
          {note}
        </small>
      )}
    </div>
  )
}
