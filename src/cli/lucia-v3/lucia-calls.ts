import type { Node } from "ts-morph"
import { bare, is, isAccess } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import { isLuciaType } from "./ambient-lucia.ts"

/** A call of a method of the instance. */
export interface MethodCall {
  method: string
  call: NodeOf<"CallExpression">
}

/** The outcome of rewriting one use: the instance is renamed there, or a reason why not. */
export type Outcome = { isDone: true } | { isDone: false; reason: string }

/** The instance was renamed here. */
export const done: Outcome = { isDone: true }

/** Keeps the old name, and gives the reason. */
export function leave(reason: string): Outcome {
  return { isDone: false, reason }
}

/** Returns whether a call calls this method of Lucia. */
export function isCallOf(call: NodeOf<"CallExpression">, method: string): boolean {
  const callee = call.getExpression()
  return isAccess(callee, method) && isLuciaType(callee.getExpression().getType(), "Lucia")
}

/** Returns whether a node is an argument of this method of Lucia. */
export function isArgumentOf(node: Node, method: string): boolean {
  const call = node.getParent()
  return is(call, "CallExpression") && call.getExpression() !== node && isCallOf(call, method)
}

/** Returns whether this id is passed to `invalidateSession()`. */
export function isInvalidated(access: Node): boolean {
  return isArgumentOf(access, "invalidateSession")
}

/** Returns the session in `session.id`. */
export function idOf(node: Node | undefined): Node | null {
  const access = bare(node)
  if (!isAccess(access, "id")) return null
  const session = access.getExpression()
  const type = session.getType()
  const isNamed = type.isAny() && /\bsession$/i.test(session.getText())
  return isLuciaType(type, "Session") || isNamed ? session : null
}
