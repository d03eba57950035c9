/** How a project writes its modules. */
export interface CodeStyle {
  typescript: boolean
  /** Whether JavaScript uses `require`. TypeScript has `import` in either case. */
  commonJs: boolean
  /** What relative imports end with. */
  extension: "" | ".js" | ".ts"
}

/**
 * Turns a template into a module. In templates, `«` and `»` surround what only TypeScript has, and relative imports end
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
