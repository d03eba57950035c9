import type { Node, SourceFile } from "ts-morph"
import { codeStyleOf } from "./lucia-v3/code-style.ts"
import { mentionsOf } from "./mentions.ts"
import { bare, declarations, descendantsOf, is, isAccess, isAnyOf, scopeOf, initializerOf } from "./syntax.ts"
import type { NodeOf } from "./syntax.ts"
import type { Changes } from "./text-edits.ts"

const modules: Record<string, string> = {
  lucia: "nightlatch/lucia-v2",
  "lucia/middleware": "nightlatch/lucia-v2/middleware",
  "lucia/utils": "nightlatch/lucia-v2/utils",
}
const polyfill = "lucia/polyfill/node"
const reference = /^(\/\/\/\s*<reference\s+types=["'])lucia(["'])/gm

// Only v2 has these modules, and a function with this name.
const onlyInV2 = /^lucia\/(middleware|utils|polyfill\/node)$/
const requiredFunction = /\{[^}]*\blucia\b[^}]*\}\s*=\s*(await\s+)?(require|import)\(\s*["']lucia["']\s*\)/

/** Returns whether a file is written for Lucia v2. */
export function isLuciaV2(file: SourceFile): boolean {
  const imported = file.getImportDeclarations().filter((each) => each.getModuleSpecifierValue() === "lucia")
  const names = imported.flatMap((each) => each.getNamedImports().map((name) => name.getName()))
  const text = file.getFullText()
  return (
    names.some((name) => name === "lucia" || name === "LuciaError") ||
    mentionsOf(file).some((each) => onlyInV2.test(literalOf(each))) ||
    requiredFunction.test(text) ||
    text.search(reference) >= 0
  )
}

/** Redirects a component on Lucia v2 to its drop-in. It imports as code does, in another language. */
export function migrateComponentV2(text: string): string {
  return text.replaceAll(
    /(\bfrom\s*|\bimport\s*|\bimport\()(["'])(lucia(?:\/[\w./-]+)?)\2/g,
    (whole, before, quote, name) => {
      const target = modules[name as string]
      return target ? `${before}${quote}${target}${quote}` : whole
    },
  )
}

/** Redirects an application on Lucia v2 to its drop-in. */
export function migrateLuciaV2(files: SourceFile[], changes: Changes): void {
  for (const file of files) {
    for (const match of file.getFullText().matchAll(reference)) {
      const [whole, before, after] = match
      changes.edit(file, match.index, match.index + whole.length, `${before}nightlatch/lucia-v2${after}`)
    }
    keepIdsInClear(file, changes)
    removePolyfill(file, changes)
    pointModules(file, changes)
    awaitCookies(file, changes)
  }
}

// Hashing cannot be undone, so ids stay in clear until the application no longer needs to go back.
function keepIdsInClear(file: SourceFile, changes: Changes): void {
  const name = localName(file)
  for (const call of name ? descendantsOf(file, "CallExpression") : []) {
    if (call.getExpression().getText() !== name) continue
    const options = bare(call.getArguments()[0])
    if (is(options, "ObjectLiteralExpression")) addStoredIds(options, changes)
    else
      changes.leave(call, `give lucia() the option storedIds: "clear", or session ids become hashes as they are used`)
  }
}

function localName(file: SourceFile): string | null {
  const imported = file.getImportDeclarations().filter((each) => each.getModuleSpecifierValue() === "lucia")
  const specifier = imported.flatMap((each) => each.getNamedImports()).find((each) => each.getName() === "lucia")
  if (specifier) return specifier.getAliasNode()?.getText() ?? "lucia"
  return requiredFunction.test(file.getFullText()) ? "lucia" : null
}

function addStoredIds(options: NodeOf<"ObjectLiteralExpression">, changes: Changes): void {
  const file = options.getSourceFile()
  const [first] = options.getProperties()
  if (!first || options.getProperty("storedIds")) return
  const isSpread = options.getText().includes("\n")
  const indent = isSpread ? file.getFullText().slice(first.getStartLinePos(), first.getStart()) : ""
  const { quote } = codeStyleOf(file)
  const text = `storedIds: ${quote}clear${quote},${isSpread ? `\n${indent}` : " "}`
  changes.edit(file, first.getStart(), first.getStart(), text)
}

function literalOf(node: Node): string {
  return node.getText().slice(1, -1)
}

function removePolyfill(file: SourceFile, changes: Changes): void {
  const imports = file.getImportDeclarations().filter((each) => each.getModuleSpecifierValue() === polyfill)
  for (const each of imports) changes.removeLines(each)
}

// Handles every form that names a module: import, export, import() and import types.
function pointModules(file: SourceFile, changes: Changes): void {
  for (const literal of descendantsOf(file, "StringLiteral")) {
    const target = modules[literal.getLiteralValue()]
    const quote = literal.getText()[0]!
    if (!target || !namesModule(literal.getParent())) continue
    changes.replace(literal, quote + target + quote)
  }
}

// Since Next.js 15 a cookie is set once its jar resolves, which may be after the response.
function awaitCookies(file: SourceFile, changes: Changes): void {
  if (!file.getImportDeclaration("next/headers")) return
  for (const statement of descendantsOf(file, "ExpressionStatement")) {
    const callee = calleeOf(statement.getExpression())
    if (!isAccess(callee, "setSession") || !isHandledRequest(callee.getExpression())) continue
    if (isAsync(scopeOf(statement))) changes.edit(file, statement.getStart(), statement.getStart(), "await ")
    else changes.leave(statement, "say `await` before setSession(), or the response may leave without the cookie")
  }
}

function isHandledRequest(node: Node): boolean {
  return isAccess(calleeOf(initializerOf(node) ?? node), "handleRequest")
}

function calleeOf(node: Node): Node | undefined {
  return is(node, "CallExpression") ? node.getExpression() : undefined
}

function isAsync(scope: Node): boolean {
  return isAnyOf(scope, "ArrowFunction", "FunctionDeclaration", "FunctionExpression") && scope.isAsync()
}

function namesModule(parent: Node | undefined): boolean {
  if (is(parent, "CallExpression")) return /^(import|require)$/.test(parent.getExpression().getText())
  if (is(parent, "LiteralType")) return is(parent.getParent(), "ImportType")
  return isAnyOf(parent, ...declarations)
}
