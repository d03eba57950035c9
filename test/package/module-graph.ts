import { readdirSync, readFileSync } from "node:fs"
import { posix } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"

/** One import or re-export of a module. */
export interface Import {
  /** A path from the root of the project, or a package's name as it was written. */
  from: string
  /** `type` is gone after compilation; `dynamic` happens when its line is reached. */
  how: "value" | "type" | "dynamic"
  /** The imported names, as the other module calls them. */
  names: string[]
}

/** What the rules about imports look at. */
export interface Module {
  /** The path from the root of the project. */
  file: string
  imports: Import[]
  /** The values that are declared here and exported. */
  declares: string[]
  /** The values that can be imported from here, declared or re-exported. */
  offers: string[]
}

const root = fileURLToPath(new URL("../../", import.meta.url))

/** Reads every module below these folders of the project. */
export function readModules(...folders: string[]): Module[] {
  return folders.flatMap(sourceFiles).map((file) => readModule(file, readFileSync(root + file, "utf8")))
}

function sourceFiles(folder: string): string[] {
  const files = readdirSync(root + folder, { recursive: true, encoding: "utf8" })
  return files.filter((file) => file.endsWith(".ts") || file.endsWith(".tsx")).map((file) => posix.join(folder, file))
}

/** Reads what a module imports and exports, without resolving anything. */
export function readModule(file: string, text: string): Module {
  const module: Module = { file, imports: [], declares: [], offers: [] }
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  for (const statement of source.statements) readExports(module, statement)
  readImports(module, source)
  return module
}

function readImports(module: Module, node: ts.Node): void {
  const found = importOf(node)
  if (found) module.imports.push({ ...found, from: resolve(module.file, found.from) })
  ts.forEachChild(node, (child) => readImports(module, child))
}

function resolve(file: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : specifier
}

function importOf(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) return importedBy(node.importClause, node.moduleSpecifier)
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) return reExportedBy(node, node.moduleSpecifier)
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { from: textOf(node.argument.literal), how: "type", names: [] }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return { from: textOf(node.arguments[0]), how: "dynamic", names: [] }
  }
  return undefined
}

function importedBy(clause: ts.ImportClause | undefined, specifier: ts.Expression): Import {
  const bindings = clause?.namedBindings
  const elements = bindings && ts.isNamedImports(bindings) ? bindings.elements : []
  const isTyped = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || areTypes(clause?.name, elements)
  return { from: textOf(specifier), how: isTyped ? "type" : "value", names: namesOf(elements) }
}

function areTypes(name: ts.Identifier | undefined, elements: readonly ts.ImportSpecifier[]): boolean {
  return !name && elements.length > 0 && elements.every((element) => element.isTypeOnly)
}

function reExportedBy(node: ts.ExportDeclaration, specifier: ts.Expression): Import {
  const elements = node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : []
  return { from: textOf(specifier), how: node.isTypeOnly ? "type" : "value", names: namesOf(elements) }
}

function namesOf(elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): string[] {
  return elements.map(({ propertyName, name }) => (propertyName ?? name).text)
}

function textOf(node: ts.Node | undefined): string {
  if (node && ts.isStringLiteralLike(node)) return node.text
  return (node && joined(node)) ?? "(computed)"
}

// `"node:".concat("crypto")`, which hides a name from esbuild and not from a reader.
function joined(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined
  const { name, expression } = node.expression
  const parts = [expression, ...node.arguments].map(textOf)
  return name.text === "concat" && !parts.includes("(computed)") ? parts.join("") : undefined
}

function readExports(module: Module, statement: ts.Statement): void {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause
    if (statement.isTypeOnly || !clause) return
    const elements = ts.isNamedExports(clause) ? clause.elements : [clause]
    module.offers.push(...elements.map(({ name }) => name.text))
    return
  }
  if (!isExported(statement)) return
  const names = declaredValues(statement)
  module.declares.push(...names)
  module.offers.push(...names)
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false
}

function declaredValues(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  }
  if (ts.isClassDeclaration(statement)) return [nameOf(statement)]
  // An overload, which has no body, repeats the name of its function.
  return ts.isFunctionDeclaration(statement) && statement.body ? [nameOf(statement)] : []
}

function nameOf({ name }: { name?: ts.Identifier }): string {
  return name?.text ?? "default"
}
