/** The text of a form field, or "" if the field is missing, repeated or a file. */
export function formText(form: FormData, name: string): string {
  const [value, ...others] = form.getAll(name)
  return typeof value === "string" && others.length === 0 ? value : ""
}
