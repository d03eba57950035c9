interface FieldProps {
  name: "name" | "email" | "password"
  label: string
  autoComplete: string
  value?: string
  hint?: string
  errors?: string[]
  hasFocus: boolean
}

const types = { name: "text", email: "email", password: "password" }

export function Field({ name, label, autoComplete, value, hint, errors, hasFocus }: FieldProps) {
  const note = errors?.join(" ") ?? hint
  return (
    <div className="field">
      <label htmlFor={name}>{label}</label>
      <input
        id={name}
        name={name}
        type={types[name]}
        defaultValue={value}
        autoComplete={autoComplete}
        autoCapitalize={name === "name" ? undefined : "none"}
        spellCheck={false}
        required
        aria-describedby={note && `${name}-note`}
        aria-invalid={errors ? true : undefined}
        autoFocus={hasFocus}
      />
      {note && (
        <small id={`${name}-note`} className={errors && "error"}>
          {note}
        </small>
      )}
    </div>
  )
}
