interface FieldProps {
  name: string
  label: string
  kind: "username" | "new-password" | "current-password"
  value?: string
  hint?: string
  error?: string
  hasFocus: boolean
}

export function Field({ name, label, kind, value, hint, error, hasFocus }: FieldProps) {
  const note = error ?? hint
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        id={name}
        name={name}
        type={kind === "username" ? "text" : "password"}
        defaultValue={value}
        autoComplete={kind}
        autoCapitalize="none"
        spellCheck={false}
        required
        aria-describedby={note && `${name}-note`}
        aria-invalid={error ? true : undefined}
        autoFocus={hasFocus}
      />
      {note && (
        <small id={`${name}-note`} className={error && "error"}>
          {note}
        </small>
      )}
    </div>
  )
}
