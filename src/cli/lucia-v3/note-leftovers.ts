import type { Node, SourceFile } from "ts-morph"
import { descendantsOf, is } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { isLuciaType } from "./ambient-lucia.ts"
import type { Instance } from "./instance.ts"
import { isArgumentOf, isInvalidated } from "./lucia-calls.ts"

/** Lists what goes by the instance's name and could not be followed to it, so that it stays as it is. */
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

/** Lists what else reads the id of a session: it compiles, and is another text than before. */
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
