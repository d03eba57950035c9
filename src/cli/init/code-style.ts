/** The style of a project's modules. */
export interface CodeStyle {
  typescript: boolean
  /** Whether JavaScript uses `require`. TypeScript always uses `import`. */
  commonJs: boolean
  /** The extension of relative imports. */
  extension: "" | ".js" | ".ts"
}

/**
 * Converts a template to a module. In templates, `«` and `»` surround TypeScript-only code, and relative imports end
 * with `.ts`.
 */
export function writeModule(template: string, { typescript, commonJs, extension }: CodeStyle): string {
  const typed = typescript ? template.replaceAll(/[«»]/g, "") : withoutTypes(template)
  const imported = typed.replaceAll(/(from "\.[^"]*)\.ts"/g, `$1${extension}"`)
  return commonJs && !typescript ? toCommonJs(imported) : imported
}

function withoutTypes(template: string): string {
  return template
    .replaceAll(/«[^»]*»/g, "")
    .replaceAll(/^import type .*\n/gm, "")
    .trimStart()
}

function toCommonJs(code: string): string {
  const names: string[] = []
  const body = code
    .replaceAll(/^import (.+) from (".+")$/gm, "const $1 = require($2)")
    .replaceAll(/^export ((?:async )?(?:function|const) (\w+))/gm, (_, declaration: string, name: string) => {
      names.push(name)
      return declaration
    })
  return `${body}\nmodule.exports = { ${names.join(", ")} }\n`
}
