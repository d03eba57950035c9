import type { Node } from "ts-morph"
import { bare, constantOf, descendantsOf, is, isAccess } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { done, idOf, isArgumentOf, isCallOf, leave } from "./lucia-calls.ts"
import type { MethodCall, Outcome } from "./lucia-calls.ts"
import { idAtOnce, isRewrittenCreation, tokenName } from "./rewrite-creation.ts"

/** Rewrites a `createSessionCookie()` call to pass a token. */
export function rewriteCookie({ call }: MethodCall, changes: Changes): Outcome {
  const [argument] = call.getArguments()
  if (isValidatedToken(argument)) return done
  const session = idOf(argument)
  if (!argument || !session)
    return leave("the cookie holds a token now: give it what createSession() or the request gave")
  const created = bare(session)
  if (is(created, "CallExpression") && isCallOf(created, "createSession") && idAtOnce(created)) return done
  if (isRewrittenCreation(session)) return done
  const token = validatedToken(session, changes)
  if (!token)
    return leave("the cookie holds a token now, and this session's is not known here: keep it with the session")
  changes.replace(argument, `${token.renewed} ?? ${token.sent}`)
  setWhenRenewed(call, session, token.renewed, changes)
  return done
}

// Replaces an old cookie immediately, and not only when its session is extended.
function setWhenRenewed(call: NodeOf<"CallExpression">, session: Node, renewed: string, changes: Changes): void {
  const statement = call.getAncestors().find((each) => is(each, "IfStatement"))
  const condition = statement?.getExpression()
  const accesses = condition ? [condition, ...descendantsOf(condition, "PropertyAccessExpression")] : []
  const extended = accesses.find((each) => isFreshOf(each, session))
  if (!extended) return
  const asked = `${extended.getText()} || ${renewed}`
  changes.replace(extended, extended === condition ? asked : `(${asked})`)
}

function isFreshOf(node: Node, session: Node): boolean {
  return isAccess(node, "fresh") && node.getExpression().getText() === session.getText()
}

// A value that the same code passes to validateSession() is a token.
function isValidatedToken(argument: Node | undefined): boolean {
  if (!is(argument, "Identifier") || !constantOf(argument)) return false
  return argument.findReferencesAsNodes().some((each) => isArgumentOf(each, "validateSession"))
}

/** The code for the token of a validated session. */
interface ValidatedToken {
  /** The token that the request sent. */
  sent: string
  /** The token that replaced it, if there is one. */
  renewed: string
}

function validatedToken(session: Node, changes: Changes): ValidatedToken | null {
  const isOfResult = isAccess(session, "session")
  const result = isOfResult ? session.getExpression() : session
  const declaration = constantOf(result)
  const isNamedSession =
    is(declaration, "BindingElement") &&
    (declaration.getPropertyNameNode() ?? declaration.getNameNode()).getText() === "session"
  const variable = isNamedSession ? declaration.getParent().getParent() : declaration
  if (!is(variable, "VariableDeclaration") || (!isOfResult && !isNamedSession)) return null
  const validation = bare(variable.getInitializer())
  if (!is(validation, "CallExpression") || !isCallOf(validation, "validateSession")) return null
  const [sent] = validation.getArguments()
  if (!sent || !constantOf(sent)) return null
  const renewed = isNamedSession ? takeToken(declaration, changes) : `${result.getText()}.token`
  return { sent: sent.getText(), renewed }
}

// `{ session, user }` becomes `{ session, user, token }`.
function takeToken(session: NodeOf<"BindingElement">, changes: Changes): string {
  const token = tokenName(session)
  const end = session.getEnd()
  changes.edit(session.getSourceFile(), end, end, token === "token" ? ", token" : `, token: ${token}`)
  return token
}
