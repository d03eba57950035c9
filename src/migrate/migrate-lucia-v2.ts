import type { Node, SourceFile } from "ts-morph"
import { constantOf, descendantsOf, is, scopeOf } from "./syntax.ts"
import type { Changes } from "./text-edits.ts"

const modules: Record<string, string> = {
  lucia: "nightlatch/lucia-v2",
  "lucia/middleware": "nightlatch/lucia-v2/middleware",
  "lucia/utils": "nightlatch/lucia-v2/utils",
}
const polyfill = "lucia/polyfill/node"
const reference = /^(\/\/\/\s*<reference\s+types=["'])lucia(["'])/gm

/** Tells whether a file is written for Lucia v2. */
export function isLuciaV2(file: SourceFile): boolean {
  const isV2 = file.getImportDeclarations().some((each) => {
    const [from, names] = [each.getModuleSpecifierValue(), each.getNamedImports().map((name) => name.getName())]
    return /^lucia\/(middleware|utils|polyfill\/node)$/.test(from) || (from === "lucia" && names.includes("lucia"))
  })
  return isV2 || file.getFullText().search(reference) >= 0
}

/** Points an application on Lucia v2 at its drop-in. */
export function migrateLuciaV2(files: SourceFile[], changes: Changes): void {
  for (const file of files) {
    for (const match of file.getFullText().matchAll(reference)) {
      const [whole, before, after] = match
      changes.edit(file, match.index, match.index + whole.length, `${before}nightlatch/lucia-v2${after}`)
    }
    removePolyfill(file, changes)
    pointModules(file, changes)
    awaitCookies(file, changes)
  }
}

function removePolyfill(file: SourceFile, changes: Changes): void {
  const imports = file.getImportDeclarations().filter((each) => each.getModuleSpecifierValue() === polyfill)
  for (const each of imports) changes.removeLines(each)
}

// In every form that names a module: import, export, import() and import types.
function pointModules(file: SourceFile, changes: Changes): void {
  for (const literal of descendantsOf(file, "StringLiteral")) {
    const target = modules[literal.getLiteralValue()]
    const quote = literal.getText()[0]!
    if (!target || !namesModule(literal.getParent())) continue
    changes.replace(literal, quote + target + quote)
  }
}

// Since Next.js 15 a cookie is set when its jar is there, which may be after the response.
function awaitCookies(file: SourceFile, changes: Changes): void {
  if (!file.getImportDeclaration("next/headers")) return
  for (const statement of descendantsOf(file, "ExpressionStatement")) {
    const call = statement.getExpression()
    const callee = is(call, "CallExpression") ? call.getExpression() : undefined
    if (!is(callee, "PropertyAccessExpression") || callee.getName() !== "setSession") continue
    if (!isHandledRequest(callee.getExpression())) continue
    if (isAsync(scopeOf(statement))) changes.edit(file, statement.getStart(), statement.getStart(), "await ")
    else changes.leave(statement, "say `await` before setSession(), or the response may leave without the cookie")
  }
}

function isHandledRequest(node: Node): boolean {
  const declaration = constantOf(node)
  const made = is(declaration, "VariableDeclaration") ? declaration.getInitializer() : node
  const callee = is(made, "CallExpression") ? made.getExpression() : undefined
  return is(callee, "PropertyAccessExpression") && callee.getName() === "handleRequest"
}

function isAsync(scope: Node): boolean {
  return (
    (is(scope, "ArrowFunction") || is(scope, "FunctionDeclaration") || is(scope, "FunctionExpression")) &&
    scope.isAsync()
  )
}

function namesModule(parent: Node | undefined): boolean {
  if (is(parent, "CallExpression")) return /^(import|require)$/.test(parent.getExpression().getText())
  if (is(parent, "LiteralType")) return is(parent.getParent(), "ImportType")
  return is(parent, "ImportDeclaration") || is(parent, "ExportDeclaration") || is(parent, "ModuleDeclaration")
}
