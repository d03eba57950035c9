import type { Node } from "ts-morph"
import { bare, is, isAccess } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import { isLuciaType } from "./ambient-lucia.ts"

/** A call of a method of the instance. */
export interface MethodCall {
  method: string
  call: NodeOf<"CallExpression">
}

/** What rewriting one use did: the instance is renamed there, or the reason why it is not. */
export type Outcome = { isDone: true } | { isDone: false; reason: string }

/** The instance is renamed here. */
export const done: Outcome = { isDone: true }

/** Keeps the old name, and says why. */
export function leave(reason: string): Outcome {
  return { isDone: false, reason }
}

/** Returns whether a call is one of this method of Lucia's. */
export function isCallOf(call: NodeOf<"CallExpression">, method: string): boolean {
  const callee = call.getExpression()
  return isAccess(callee, method) && isLuciaType(callee.getExpression().getType(), "Lucia")
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

/** Finds the session that something is the id of. */
export function idOf(node: Node | undefined): Node | null {
  const access = bare(node)
  if (!isAccess(access, "id")) return null
  const session = access.getExpression()
  const type = session.getType()
  const isNamed = type.isAny() && /\bsession$/i.test(session.getText())
  return isLuciaType(type, "Session") || isNamed ? session : null
}
