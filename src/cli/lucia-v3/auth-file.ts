import type { Node } from "ts-morph"
import { bare, descendantsOf, is, usesName } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { codeStyleOf, reindent } from "./code-style.ts"
import type { CodeStyle } from "./code-style.ts"
import type { Instance } from "./instance.ts"
import { isTyped, localNameOf, moduleOf } from "./lucia-imports.ts"
import { otherTypesOf, userRowOf } from "./registered-types.ts"
import type { RegisteredTypes } from "./registered-types.ts"

/** The adapters that take the types of their rows as type arguments. */
const toldTheirRows =
  /^nightlatch\/adapters\/(node-sqlite|better-sqlite3|libsql|d1|bun-sqlite|pg|postgres|pglite|mysql2)$/

/**
 * Replaces `new Lucia(adapter, options)` with `createAuth()`, and the registered types with the types of rows. `kept`
 * lists the types that stay. Returns whether the adapter is one of Lucia v3, which needs `fromLuciaAdapter()`.
 */
export function rewriteInstance(instance: Instance, types: RegisteredTypes, kept: string[], changes: Changes): boolean {
  const rows = isTyped(instance.file) ? rewriteTypes(instance, types, kept, changes) : ""
  const adapter = rewriteAdapter(instance, rows, changes)
  rewriteOptions(instance, adapter.name, changes)
  return adapter.isLucias
}

// Returns the type arguments for rows.
function rewriteTypes({ file, statement }: Instance, types: RegisteredTypes, kept: string[], changes: Changes): string {
  const { block, sessionAttributes } = types
  const { row, alias } = userRowOf(types)
  const name = row === "UserRow" ? freeName(file, ["UserRow", "AuthUserRow", "NightlatchUserRow"]) : row
  const alone = row === "UserRow" ? [`type ${name} = ${alias}${codeStyleOf(file).semicolon}`] : []
  const declarations = [...otherTypesOf(types), ...alone, ...kept].join("\n\n")
  if (block && declarations && block.getSourceFile() === file) changes.replace(block, declarations)
  else if (block) changes.removeLines(block)
  if (declarations && block?.getSourceFile() !== file) insertBefore(statement, declarations, changes)
  const session = sessionAttributes?.getTypeNode()?.getText()
  return session && session !== "{}" ? `<${name}, ${session}>` : `<${name}>`
}

interface AdapterName {
  name: string
  /** Whether it is one of Lucia v3's adapters, and not one of this package. */
  isLucias: boolean
}

function rewriteAdapter(instance: Instance, rows: string, changes: Changes): AdapterName {
  const { adapter, file, statement } = instance
  const declared = localConstant(adapter)
  const made = declared ? declared.getInitializer()! : adapter
  const own = is(made, "CallExpression") && moduleOf(file, made.getExpression().getText())
  const isLucias = !(own && own.startsWith("nightlatch/adapters/"))
  const wrap = (node: Node) => wrapAdapter(node, isLucias ? `fromLuciaAdapter${rows}(` : "", rows, own || "", changes)
  if (declared && (!isLucias || isUsedOnce(declared))) {
    wrap(made)
    return { name: adapter.getText(), isLucias }
  }
  const name = freeName(file, ["adapter", "sessionAdapter", "luciaAdapter", "nightlatchAdapter"])
  const ours = is(made, "CallExpression") ? withRows(made, rows, own || "") : made.getText()
  const value = isLucias ? `fromLuciaAdapter${rows}(${adapter.getText()})` : ours
  insertBefore(statement, `const ${name} = ${value}${codeStyleOf(file).semicolon}`, changes)
  return { name, isLucias }
}

function wrapAdapter(made: Node, before: string, rows: string, module: string, changes: Changes): void {
  if (!before && is(made, "CallExpression")) {
    const end = made.getExpression().getEnd()
    if (needsRows(made, module)) changes.edit(made.getSourceFile(), end, end, rows)
    return
  }
  const file = made.getSourceFile()
  changes.edit(file, made.getStart(), made.getStart(), before)
  changes.edit(file, made.getEnd(), made.getEnd(), ")")
}

function withRows(made: NodeOf<"CallExpression">, rows: string, module: string): string {
  const callee = made.getExpression().getText()
  return needsRows(made, module) ? callee + rows + made.getText().slice(callee.length) : made.getText()
}

function needsRows(made: NodeOf<"CallExpression">, module: string): boolean {
  return made.getTypeArguments().length === 0 && toldTheirRows.test(module)
}

// Returns the constant of this file that holds the adapter, if its type is not written.
function localConstant(adapter: Node): NodeOf<"VariableDeclaration"> | undefined {
  if (!is(adapter, "Identifier")) return undefined
  const [declaration] = adapter.getSymbol()?.getDeclarations() ?? []
  if (!is(declaration, "VariableDeclaration") || declaration.getSourceFile() !== adapter.getSourceFile())
    return undefined
  return declaration.getTypeNode() || !declaration.getInitializer() ? undefined : declaration
}

function isUsedOnce(declaration: NodeOf<"VariableDeclaration">): boolean {
  const name = declaration.getNameNode()
  const uses = is(name, "Identifier") ? name.findReferencesAsNodes().filter((each) => each !== name) : []
  return uses.length === 1
}

function rewriteOptions({ creation, file, options }: Instance, adapter: string, changes: Changes): void {
  const style = codeStyleOf(file)
  const named = adapter === "adapter" ? "adapter" : `adapter: ${adapter}`
  const opening = "acceptLuciaTokens(createAuth({"
  const comments = options.sessionExpiresIn?.getLeadingCommentRanges().map((each) => each.getText()) ?? []
  const closing = `), { ${named} })`
  const { literal } = options
  const session = `session: { ${idleTimeout(options.sessionExpiresIn, style)}absoluteTimeout: false }`
  const name = options.cookieName ?? `${style.quote}auth_session${style.quote}`
  const cookie = options.sessionCookie ? [] : [`cookie: { name: ${name} }`]
  const added = [named, session, ...cookie]
  if (!literal || literal.getProperties().length === 0) {
    changes.replace(creation, `${opening} ${added.join(", ")} }${closing}`)
    return
  }
  const [first] = literal.getProperties()
  const isSpread = literal.getText().includes("\n")
  const indent = isSpread ? `\n${file.getFullText().slice(first!.getStartLinePos(), first!.getStart())}` : " "
  const start = literal.getStart() + 1
  const commented = added.flatMap((each) => (each === session && isSpread ? [...comments, `${each},`] : [`${each},`]))
  changes.edit(file, creation.getStart(), start, opening + commented.map((each) => indent + each).join(""))
  if (options.sessionCookie)
    changes.replace(options.sessionCookie, cookieOption(name, options.cookieAttributes, indent, style))
  for (const property of [options.sessionExpiresIn, options.storedIds]) if (property) removeProperty(property, changes)
  changes.edit(file, literal.getEnd(), creation.getEnd(), closing)
}

function idleTimeout(property: NodeOf<"PropertyAssignment"> | undefined, { quote }: CodeStyle): string {
  const span = bare(property?.getInitializer())
  if (!span) return ""
  const literal = literalDuration(span)
  return `idleTimeout: ${literal ? quote + literal + quote : `\`\${${span.getText()}.seconds()}s\``}, `
}

/** Returns the duration of `new TimeSpan(30, "d")`, if it is written literally. */
export function literalDuration(span: Node): string | null {
  if (!is(span, "NewExpression") || span.getExpression().getText() !== localNameOf(span.getSourceFile(), "TimeSpan"))
    return null
  const [value, unit] = span.getArguments()
  if (!is(value, "NumericLiteral") || !is(unit, "StringLiteral")) return null
  const isShort = unit.getLiteralValue() === "ms"
  return isShort ? `${value.getLiteralValue() / 1000}s` : `${value.getLiteralValue()}${unit.getLiteralValue()}`
}

function cookieOption(name: string, attributes: Node | undefined, indent: string, style: CodeStyle): string {
  if (!attributes) return `cookie: { name: ${name} }`
  if (!is(attributes, "ObjectLiteralExpression")) return `cookie: { name: ${name}, ...${attributes.getText()} }`
  const raw = attributes.getText().slice(1, -1)
  const isFlat = indent === " " || (!raw.includes("\n") && raw.length < 60)
  if (isFlat) return `cookie: { name: ${name}, ${raw.trim().replaceAll(/\s*\n\s*/g, " ")} }`
  const inner = indent + style.indent
  const lines = reindent(raw.replace(/^[ \t]*\r?\n/, "").trimEnd(), inner.slice(1))
  return `cookie: {${inner}name: ${name},\n${lines}${indent}}`
}

// Also removes the comments above it: those about a lifetime have moved with it.
function removeProperty(property: NodeOf<"PropertyAssignment">, changes: Changes): void {
  const file = property.getSourceFile()
  const text = file.getFullText()
  const leading = text.slice(property.getFullStart(), property.getStart())
  const lineBreak = /\r?\n/.exec(leading)?.index ?? 0
  const comma = /^\s*,/.exec(text.slice(property.getEnd()))?.[0].length ?? 0
  changes.edit(file, property.getFullStart() + lineBreak, property.getEnd() + comma, "")
}

function insertBefore(statement: NodeOf<"VariableStatement">, text: string, changes: Changes): void {
  const start = statement.getNonWhitespaceStart()
  changes.edit(statement.getSourceFile(), start, start, `${text}\n\n`)
}

/** Returns the first of these names that a file does not use. */
export function freeName(scope: Node, names: string[]): string {
  return names.find((name) => !usesName(scope, name)) ?? names.at(-1)!
}

/** Returns whether a name is used outside a node. */
export function isUsedOutside(scope: Node, name: string, node: Node | undefined): boolean {
  const uses = descendantsOf(scope, "Identifier").filter((each) => each.getText() === name && !isImported(each))
  return uses.some((each) => !node || each.getPos() < node.getPos() || each.getEnd() > node.getEnd())
}

function isImported(node: Node): boolean {
  return is(node.getParent(), "ImportSpecifier")
}
