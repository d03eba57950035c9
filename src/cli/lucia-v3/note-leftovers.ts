import type { Node, SourceFile } from "ts-morph"
import { descendantsOf, is } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { isLuciaType } from "./ambient-lucia.ts"
import type { Instance } from "./instance.ts"
import { isArgumentOf, isInvalidated } from "./lucia-calls.ts"

/** Lists identifiers with the instance's name that could not be resolved to it and stay unchanged. */
export function noteUnresolved({ name }: Instance, files: SourceFile[], changes: Changes): void {
  for (const file of files) {
    const unresolved = descendantsOf(file, "Identifier").filter(
      (each) => each.getText() === name.getText() && isUnresolved(each),
    )
    const [first] = unresolved.filter((each) => is(each.getParent(), "PropertyAccessExpression"))
    if (first)
      changes.leave(
        first,
        `nothing in this file was changed where ${name.getText()} is used, because it is not known where that comes from`,
      )
  }
}

function isUnresolved(node: Node): boolean {
  const parent = node.getParent()
  if (is(parent, "PropertyAccessExpression") && parent.getExpression() !== node) return false
  const declarations = node.getSymbol()?.getDeclarations() ?? []
  return declarations.every((each) => {
    const declaration = each.getAncestors().find((ancestor) => is(ancestor, "ImportDeclaration"))
    return is(declaration, "ImportDeclaration") && !declaration.getModuleSpecifierSourceFile()
  })
}

/** Lists other code that reads a session's id: it compiles, but the text differs from before. */
export function noteOtherIds(file: Node, changes: Changes): void {
  for (const access of descendantsOf(file, "PropertyAccessExpression")) {
    const isRewritten =
      isArgumentOf(access, "createSessionCookie") || isInvalidated(access) || isArgumentOf(access, "validateSession")
    const isCompared = is(access.getParent(), "BinaryExpression")
    if (access.getName() !== "id" || isRewritten || isCompared) continue
    if (isLuciaType(access.getExpression().getType(), "Session"))
      changes.leave(
        access,
        `${access.getText()}: public now, and signs nobody in; where it is sent to a client to come back, or kept in a table, change that`,
      )
  }
}
