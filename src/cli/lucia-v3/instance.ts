import type { Node, SourceFile } from "ts-morph"
import { bare, descendantsOf, is } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { isOfLucia, luciaImports } from "./lucia-imports.ts"

/** The place where an application creates its `Lucia`. */
export interface Instance {
  file: SourceFile
  creation: NodeOf<"NewExpression">
  statement: NodeOf<"VariableStatement">
  /** The variable's name in its declaration. */
  name: NodeOf<"Identifier">
  adapter: Node
  options: LuciaOptions
}

/** The syntax nodes of the options of `new Lucia()`. */
export interface LuciaOptions {
  literal?: NodeOf<"ObjectLiteralExpression"> | undefined
  sessionExpiresIn?: NodeOf<"PropertyAssignment"> | undefined
  sessionCookie?: NodeOf<"PropertyAssignment"> | undefined
  storedIds?: NodeOf<"PropertyAssignment"> | undefined
  /** The cookie's name, as it is written. */
  cookieName?: string | undefined
  /** The cookie's attributes. */
  cookieAttributes?: Node | undefined
}

/** Finds the only `new Lucia()`. `null`, with a leftover, if there are others or its form is unknown. */
export function findInstance(files: SourceFile[], changes: Changes): Instance | null {
  const creations = files.flatMap((file) =>
    descendantsOf(file, "NewExpression").filter((each) => isOfLucia(each, "Lucia")),
  )
  const [imported] = files.flatMap(luciaImports).filter((each) => hasName(each, "Lucia"))
  if (creations.length === 0 && imported)
    changes.leave(imported, "nothing was changed: Lucia is imported, and no new Lucia() was found")
  if (creations.length !== 1) {
    for (const creation of creations)
      changes.leave(
        creation,
        `one new Lucia() can be migrated, and there are ${creations.length}: move each application by itself`,
      )
    return null
  }
  const creation = creations[0]!
  const instance = readInstance(creation)
  if (typeof instance !== "string") return instance
  changes.leave(creation, `nothing was changed: ${instance}`)
  return null
}

function hasName(declaration: NodeOf<"ImportDeclaration">, name: string): boolean {
  return declaration.getNamedImports().some((each) => each.getName() === name && !each.isTypeOnly())
}

function readInstance(creation: NodeOf<"NewExpression">): Instance | string {
  const declaration = creation.getParent()
  const statement = declaration?.getParent()?.getParent()
  if (
    !is(declaration, "VariableDeclaration") ||
    !is(statement, "VariableStatement") ||
    !is(statement.getParent(), "SourceFile")
  )
    return "new Lucia() must be the value of a constant of its module, as in `export const lucia = new Lucia(adapter)`"
  const name = declaration.getNameNode()
  const [adapter, literal] = creation.getArguments()
  if (!adapter || !is(name, "Identifier") || declaration.getTypeNode() || statement.getDeclarations().length !== 1)
    return "new Lucia(adapter) must be a constant with a name, without a type, and with an adapter"
  const options = readOptions(bare(literal))
  if (typeof options === "string") return options
  return { file: creation.getSourceFile(), creation, statement, name, adapter, options }
}

function readOptions(literal: Node | undefined): LuciaOptions | string {
  if (!literal) return {}
  if (!is(literal, "ObjectLiteralExpression")) return "the options of new Lucia() must be written where it is called"
  const options: LuciaOptions = { literal }
  for (const property of literal.getProperties()) {
    if (is(property, "SpreadAssignment")) return "options that are spread into new Lucia() cannot be read"
    const name = property.getName()
    if (name === "getUserAttributes" || name === "getSessionAttributes") continue
    if (!is(property, "PropertyAssignment")) return `the option ${name} must be written where new Lucia() is called`
    if (name !== "sessionExpiresIn" && name !== "sessionCookie" && name !== "storedIds")
      return `new Lucia() has no option ${name}`
    options[name] = property
  }
  return readCookie(options)
}

function readCookie(options: LuciaOptions): LuciaOptions | string {
  const cookie = bare(options.sessionCookie?.getInitializer())
  if (!cookie) return options
  if (!is(cookie, "ObjectLiteralExpression"))
    return "the option sessionCookie must be written where new Lucia() is called"
  for (const property of cookie.getProperties()) {
    if (is(property, "SpreadAssignment")) return "options that are spread into sessionCookie cannot be read"
    const value = is(property, "PropertyAssignment") ? property.getInitializer() : property.getNameNode?.()
    if (property.getName() === "name") options.cookieName = value?.getText()
    else if (property.getName() === "attributes") options.cookieAttributes = bare(value)
    else if (property.getName() !== "expires") return `sessionCookie has no option ${property.getName()}`
  }
  return options
}
