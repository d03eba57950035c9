/** The text of a form's field. A missing or repeated one, or a file, is "". */
export function formText(form: FormData, name: string): string {
  const [value, ...others] = form.getAll(name)
  return typeof value === "string" && others.length === 0 ? value : ""
}
