import type { SourceFile, TypeNode } from "ts-morph"
import { descendantsOf, is } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { isLuciaModule } from "./lucia-imports.ts"

/** The types that an application told Lucia. */
export interface RegisteredTypes {
  /** The `declare module`, if there is one. */
  block?: NodeOf<"ModuleDeclaration">
  /** The type of user ids, as it is written. Default `string`. */
  userId: string
  userAttributes?: NodeOf<"PropertySignature">
  sessionAttributes?: NodeOf<"PropertySignature">
}

const known = ["Lucia", "UserId", "DatabaseUserAttributes", "DatabaseSessionAttributes"]

/** Reads what `declare module "lucia"` says. `null`, with what is left, where it cannot be moved to the `auth` file. */
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
  const [register, ...more] = block.getStatements()
  if (!is(register, "InterfaceDeclaration") || register.getName() !== "Register" || more.length > 0)
    return "this may hold `interface Register` alone"
  const properties = register.getMembers().filter((member) => is(member, "PropertySignature"))
  const unknown = properties.find((each) => !known.includes(each.getName()))
  if (unknown) return `\`Register\` has no ${unknown.getName()}`
  const named = (name: string) => properties.find((each) => each.getName() === name)
  const types: RegisteredTypes = { block, userId: named("UserId")?.getTypeNode()?.getText() ?? "string" }
  const [user, session] = [named("DatabaseUserAttributes"), named("DatabaseSessionAttributes")]
  return { ...types, ...(user && { userAttributes: user }), ...(session && { sessionAttributes: session }) }
}

// In another file its names mean something else.
function foreignName({ block, userAttributes, sessionAttributes }: RegisteredTypes, auth: SourceFile): string | null {
  if (!block || block.getSourceFile() === auth) return null
  const named = [userAttributes, sessionAttributes].some(
    (each) => each && descendantsOf(each, "TypeReference").length > 0,
  )
  return named ? "move this, and the types that it names, beside `new Lucia()`" : null
}

/** The type of a user's row, as it is written; `alias` is what it is given a name for. */
export function userRowOf({ userAttributes, userId }: RegisteredTypes): { row: string; alias?: string } {
  const attributes = userAttributes?.getTypeNode()
  if (!attributes || attributes.getText() === "{}") return { row: `{ id: ${userId} }` }
  return { row: rowWithId(attributes, userId) ?? "UserRow", alias: `{ id: ${userId} } & ${attributes.getText()}` }
}

// `Omit<DatabaseUser, "id">` was written to take off what is wanted here.
function rowWithId(attributes: TypeNode, userId: string): string | null {
  if (!is(attributes, "TypeReference") || attributes.getTypeName().getText() !== "Omit") return null
  const [row, omitted] = attributes.getTypeArguments()
  const id = row?.getType().getProperty("id")?.getTypeAtLocation(attributes).getText()
  return row && omitted && /^["']id["']$/.test(omitted.getText()) && id === userId ? row.getText() : null
}
