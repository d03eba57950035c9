import type { Node } from "ts-morph"
import { is, isAccess, initializerOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import type { Instance } from "./instance.ts"
import { done, idOf, leave } from "./lucia-calls.ts"
import type { MethodCall, Outcome } from "./lucia-calls.ts"
import { rewriteCookie } from "./rewrite-cookie.ts"
import { rewriteCreation } from "./rewrite-creation.ts"

const sameMethods =
  /^(validateSession|getUserSessions|invalidateUserSessions|deleteExpiredSessions|readSessionCookie|readBearerToken|createBlankSessionCookie)$/

/**
 * Renames the instance wherever its use is understood, and rewrites code whose meaning has changed. Other code keeps
 * the old name, which no longer exists, so that it does not compile and silently do something else.
 */
export function rewriteUses({ name, creation }: Instance, auth: string, changes: Changes): void {
  const old = name.getText()
  const references = [...new Set([name, ...name.findReferencesAsNodes()])]
  const uses = references.filter((each) => !isInside(each, creation) && !isInRegister(each))
  for (const use of uses) {
    const outcome = rewriteUse(use, changes)
    if (!outcome.isDone) changes.leave(use, `${use.getParentOrThrow().getText().split("\n")[0]}: ${outcome.reason}`)
    else if (use.getText() === old) rename(use, auth, changes)
  }
}

function rename(use: Node, auth: string, changes: Changes): void {
  const isShorthand = is(use.getParent(), "ShorthandPropertyAssignment")
  changes.replace(use, isShorthand ? `${use.getText()}: ${auth}` : auth)
}

function isInside(node: Node, outer: Node): boolean {
  return (
    node.getSourceFile() === outer.getSourceFile() && node.getPos() >= outer.getPos() && node.getEnd() <= outer.getEnd()
  )
}

function isInRegister(node: Node): boolean {
  return node.getAncestors().some((each) => is(each, "InterfaceDeclaration") && each.getName() === "Register")
}

function rewriteUse(use: Node, changes: Changes): Outcome {
  const parent = use.getParent()
  const isName = /^(VariableDeclaration|ImportSpecifier|ExportSpecifier|ImportClause|ExportAssignment|TypeQuery)$/
  if (isName.test(parent?.getKindName() ?? "")) return done
  if (!isAccess(parent) || parent.getExpression() !== use)
    return leave("what takes this must be made for an auth of createAuth()")
  const method = parent.getName()
  if (method === "sessionCookieName") return done
  const call = parent.getParent()
  if (!is(call, "CallExpression") || call.getExpression() !== parent)
    return leave(`${method} must be called where it is named`)
  return rewriteCall({ method, call }, changes)
}

function rewriteCall(called: MethodCall, changes: Changes): Outcome {
  if (called.method === "createSession") return rewriteCreation(called, changes)
  if (called.method === "createSessionCookie") return rewriteCookie(called, changes)
  if (called.method === "invalidateSession") return checkInvalidation(called)
  if (called.method === "validateSession" && idOf(called.call.getArguments()[0]))
    return leave("a session's id is public now, and is no token: give it what the cookie holds")
  return sameMethods.test(called.method) ? done : leave(`auth has no ${called.method}`)
}

function checkInvalidation({ call }: MethodCall): Outcome {
  const [argument] = call.getArguments()
  return idOf(argument) || idOf(initializerOf(argument))
    ? done
    : leave("this takes session.id, and not what the cookie holds: give it the id of what validateSession() returned")
}
