import type { Node } from "ts-morph"
import { is } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import { isLuciaType } from "./ambient-lucia.ts"

/** Returns whether a call is one of this method of Lucia's. */
export function isCallOf(call: NodeOf<"CallExpression">, method: string): boolean {
  const callee = call.getExpression()
  return (
    is(callee, "PropertyAccessExpression") &&
    callee.getName() === method &&
    isLuciaType(callee.getExpression().getType(), "Lucia")
  )
}

/** Returns whether a node is given to this method of Lucia's. */
export function isArgumentOf(node: Node, method: string): boolean {
  const call = node.getParent()
  return is(call, "CallExpression") && call.getExpression() !== node && isCallOf(call, method)
}

/** Returns whether a session is ended by this id. */
export function isInvalidated(access: Node): boolean {
  return isArgumentOf(access, "invalidateSession")
}
