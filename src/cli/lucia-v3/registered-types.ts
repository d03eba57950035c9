import type { Node, SourceFile, Statement, TypeNode } from "ts-morph"
import { descendantsOf, is } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { reindent } from "./code-style.ts"
import type { CodeStyle } from "./code-style.ts"
import { isLuciaModule, luciaImports } from "./lucia-imports.ts"

/** The types that an application registered with Lucia. */
export interface RegisteredTypes {
  /** The `declare module`, if there is one. */
  block?: NodeOf<"ModuleDeclaration">
  /** The type of user ids, as it is written. Default: `string`. */
  userId: string
  userAttributes?: NodeOf<"PropertySignature">
  sessionAttributes?: NodeOf<"PropertySignature">
  /** The block's declarations other than `Register`: the interfaces and types of the application's columns. */
  others?: Statement[]
}

const registrable = ["Lucia", "UserId", "DatabaseUserAttributes", "DatabaseSessionAttributes"]

/** Reads `declare module "lucia"`. `null`, with a leftover, if it cannot be moved to the `auth` file. */
export function readRegisteredTypes(files: SourceFile[], auth: SourceFile, changes: Changes): RegisteredTypes | null {
  const blocks = files.flatMap((file) => descendantsOf(file, "ModuleDeclaration").filter(isLuciaBlock))
  const [block, another] = blocks
  if (!block) return { userId: "string" }
  const types = another ? "there are several of these: put them together" : readBlock(block)
  const problem = typeof types === "string" ? types : foreignName(types, auth)
  if (!problem && typeof types !== "string") return types
  changes.leave(another ?? block, `nothing was changed: ${problem}, and run this again`)
  return null
}

function isLuciaBlock(node: NodeOf<"ModuleDeclaration">): boolean {
  const name = node.getNameNode()
  return is(name, "StringLiteral") && isLuciaModule(name.getLiteralValue())
}

function readBlock(block: NodeOf<"ModuleDeclaration">): RegisteredTypes | string {
  const statements = block.getStatements()
  const register = statements.find(isRegister)
  const others = statements.filter((each) => each !== register)
  if (!register || !others.every(isType)) return "this must hold one `interface Register`, and may hold other types"
  const properties = register.getMembers().filter((member) => is(member, "PropertySignature"))
  const unknown = properties.find((each) => !registrable.includes(each.getName()))
  if (unknown) return `\`Register\` has no ${unknown.getName()}`
  const named = (name: string) => properties.find((each) => each.getName() === name)
  const types: RegisteredTypes = { block, others, userId: named("UserId")?.getTypeNode()?.getText() ?? "string" }
  const [user, session] = [named("DatabaseUserAttributes"), named("DatabaseSessionAttributes")]
  return { ...types, ...(user && { userAttributes: user }), ...(session && { sessionAttributes: session }) }
}

function isRegister(node: Node): node is NodeOf<"InterfaceDeclaration"> {
  return is(node, "InterfaceDeclaration") && node.getName() === "Register"
}

function isType(node: Node): node is NodeOf<"InterfaceDeclaration"> | NodeOf<"TypeAliasDeclaration"> {
  return (is(node, "InterfaceDeclaration") && !isRegister(node)) || is(node, "TypeAliasDeclaration")
}

// In another file its names mean something else, unless they belong to the block and move with it.
function foreignName(types: RegisteredTypes, auth: SourceFile): string | null {
  const { block, userAttributes, sessionAttributes, others = [] } = types
  if (!block || block.getSourceFile() === auth) return null
  const own = new Set(others.filter(isType).map((each) => each.getName()))
  const moved: Node[] = [userAttributes, sessionAttributes, ...others].filter((each) => each !== undefined)
  const isForeign = (each: NodeOf<"TypeReference">) => !own.has(each.getTypeName().getText())
  const named = moved.some((each) => descendantsOf(each, "TypeReference").some(isForeign))
  return named ? "move this, and the types that it names, beside `new Lucia()`" : null
}

/** Returns the block's declarations other than `Register`, for the `auth` file itself. */
export function otherTypesOf({ others = [] }: RegisteredTypes): string[] {
  return others.map((each) => reindent(textWithComments(each), "").replace(/^export /m, ""))
}

function textWithComments(statement: Statement): string {
  const text = statement.getSourceFile().getFullText()
  const start = statement.getLeadingCommentRanges()[0]?.getPos() ?? statement.getStart()
  const lineStart = text.lastIndexOf("\n", start) + 1
  return text.slice(text.slice(lineStart, start).trim() === "" ? lineStart : start, statement.getEnd())
}

// Lucia's types that contain the type of user ids.
const namesWithUserId = ["UserId", "Adapter", "DatabaseSession", "DatabaseUser"]

/** Returns the declaration of the user id type that the drop-in's own types still need, where they are used. */
export function keptRegister({ userId }: RegisteredTypes, files: SourceFile[], style: CodeStyle): string[] {
  const names = files.flatMap(luciaImports).flatMap((each) => each.getNamedImports().map((named) => named.getName()))
  if (userId === "string" || !names.some((name) => namesWithUserId.includes(name))) return []
  const { quote, indent, semicolon } = style
  const lines = [`interface Register {`, `${indent}UserId: ${userId}${semicolon}`, "}"].map((line) => indent + line)
  return [[`declare module ${quote}nightlatch/lucia${quote} {`, ...lines, "}"].join("\n")]
}

/** Returns the type of a user's row, as it is written. `alias` is the type to declare under that name, if there is one. */
export function userRowOf({ userAttributes, userId }: RegisteredTypes): { row: string; alias?: string } {
  const attributes = userAttributes?.getTypeNode()
  if (!attributes || attributes.getText() === "{}") return { row: `{ id: ${userId} }` }
  return { row: rowWithId(attributes, userId) ?? "UserRow", alias: `{ id: ${userId} } & ${attributes.getText()}` }
}

// `Omit<DatabaseUser, "id">` removed the id that is needed here.
function rowWithId(attributes: TypeNode, userId: string): string | null {
  if (!is(attributes, "TypeReference") || attributes.getTypeName().getText() !== "Omit") return null
  const [row, omitted] = attributes.getTypeArguments()
  const id = row?.getType().getProperty("id")?.getTypeAtLocation(attributes).getText()
  return row && omitted && /^["']id["']$/.test(omitted.getText()) && id === userId ? row.getText() : null
}
