import type { Node } from "ts-morph"
import { bare, constantOf, descendantsOf, is, scopeOf } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { isLuciaType } from "./ambient-lucia.ts"
import { isArgumentOf, isCallOf, isInvalidated } from "./lucia-calls.ts"
import { freeName } from "./auth-file.ts"
import type { Instance } from "./instance.ts"

/** A call of a method of the instance. */
interface MethodCall {
  method: string
  call: NodeOf<"CallExpression">
}

/** What rewriting one use did: the instance is renamed there, or the reason why it is not. */
type Outcome = { isDone: true } | { isDone: false; reason: string }

const done: Outcome = { isDone: true }
const sameMethods =
  /^(validateSession|getUserSessions|invalidateUserSessions|deleteExpiredSessions|readSessionCookie|readBearerToken|createBlankSessionCookie)$/

/**
 * Renames the instance wherever what is done with it is understood, and rewrites what means something else now. What is
 * not understood keeps the old name, which there is no more: it must not compile and then do something else.
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
  if (!is(parent, "PropertyAccessExpression") || parent.getExpression() !== use)
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
  const constant = constantOf(argument)
  const origin = is(constant, "VariableDeclaration") ? constant.getInitializer() : undefined
  return idOf(argument) || idOf(origin)
    ? done
    : leave("this takes session.id, and not what the cookie holds: give it the id of what validateSession() returned")
}

// The session that something is the id of.
function idOf(node: Node | undefined): Node | null {
  const access = bare(node)
  if (!is(access, "PropertyAccessExpression") || access.getName() !== "id") return null
  const session = access.getExpression()
  const type = session.getType()
  const isNamed = type.isAny() && /\bsession$/i.test(session.getText())
  return isLuciaType(type, "Session") || isNamed ? session : null
}

function rewriteCreation({ call }: MethodCall, changes: Changes): Outcome {
  const id = idAtOnce(call)
  if (id) {
    changes.replace(id.getNameNode(), "token")
    dropEmptyAttributes(call, changes)
    return done
  }
  const created = createdSession(call)
  if (typeof created === "string") return leave(created)
  const { declaration, name, uses } = created
  const problem = uses.map(problemWith).find(Boolean)
  if (problem) return leave(problem)
  const token = tokenName(name)
  const isSessionUsed = uses.some((use) => !cookieArgument(use))
  const session = name.getText() === "session" ? "session, " : `session: ${name.getText()}, `
  changes.replace(
    declaration.getNameNode(),
    `{ ${isSessionUsed ? session : ""}${token === "token" ? token : `token: ${token}`} }`,
  )
  dropEmptyAttributes(call, changes)
  for (const use of uses) {
    const argument = cookieArgument(use)
    if (argument) changes.replace(argument, token)
  }
  return done
}

// `.id` in `lucia.createSessionCookie((await lucia.createSession(userId, {})).id)`.
function idAtOnce(call: NodeOf<"CallExpression">): NodeOf<"PropertyAccessExpression"> | null {
  const access = call
    .getAncestors()
    .find((each) => !is(each, "AwaitExpression") && !is(each, "ParenthesizedExpression"))
  const isId = is(access, "PropertyAccessExpression") && access.getName() === "id"
  return isId && isArgumentOf(access, "createSessionCookie") && call.getArguments().length <= 2 ? access : null
}

interface CreatedSession {
  declaration: NodeOf<"VariableDeclaration">
  name: NodeOf<"Identifier">
  uses: Node[]
}

function createdSession(call: NodeOf<"CallExpression">): CreatedSession | string {
  const awaited = call.getParent()
  const declaration = awaited?.getParent()
  const shape = "createSession() gives { session, token } now, and the cookie holds the token"
  if (call.getArguments().length > 2) return "a session's id cannot be chosen any more"
  if (!is(awaited, "AwaitExpression") || !is(declaration, "VariableDeclaration") || declaration.getTypeNode())
    return shape
  const name = declaration.getNameNode()
  if (!is(name, "Identifier") || !constantOf(name)) return shape
  return { declaration, name, uses: name.findReferencesAsNodes().filter((each) => each !== name) }
}

function problemWith(use: Node): string | null {
  const access = use.getParent()
  const isId = is(access, "PropertyAccessExpression") && access.getExpression() === use && access.getName() === "id"
  if (!isId || cookieArgument(use) || isInvalidated(access)) return null
  return `its id is used in line ${use.getStartLineNumber()}: it is public now, and signs nobody in. Write \`const { session, token }\`, and give \`token\` to the cookie and to a client that keeps it`
}

// `session.id` in `lucia.createSessionCookie(session.id)`.
function cookieArgument(use: Node): Node | null {
  const access = use.getParent()
  return is(access, "PropertyAccessExpression") &&
    access.getName() === "id" &&
    isArgumentOf(access, "createSessionCookie")
    ? access
    : null
}

function tokenName(name: Node): string {
  return freeName(scopeOf(name), ["token", "sessionToken", "newSessionToken"])
}

function dropEmptyAttributes(call: NodeOf<"CallExpression">, changes: Changes): void {
  const [userId, attributes] = call.getArguments()
  if (userId && attributes?.getText().replaceAll(/\s/g, "") === "{}")
    changes.edit(call.getSourceFile(), userId.getEnd(), attributes.getEnd(), "")
}

function rewriteCookie({ call }: MethodCall, changes: Changes): Outcome {
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

// An old cookie is replaced at once, and not only when its session is extended.
function setWhenRenewed(call: NodeOf<"CallExpression">, session: Node, renewed: string, changes: Changes): void {
  const condition = call
    .getAncestors()
    .find((each) => is(each, "IfStatement"))
    ?.getExpression()
  const extended =
    condition &&
    [condition, ...descendantsOf(condition, "PropertyAccessExpression")].find((each) => isFreshOf(each, session))
  if (!extended) return
  const asked = `${extended.getText()} || ${renewed}`
  changes.replace(extended, extended === condition ? asked : `(${asked})`)
}

function isFreshOf(node: Node, session: Node): boolean {
  return (
    is(node, "PropertyAccessExpression") &&
    node.getName() === "fresh" &&
    node.getExpression().getText() === session.getText()
  )
}

// What the same code gives to validateSession() is a token.
function isValidatedToken(argument: Node | undefined): boolean {
  if (!is(argument, "Identifier") || !constantOf(argument)) return false
  return argument.findReferencesAsNodes().some((each) => isArgumentOf(each, "validateSession"))
}

function isRewrittenCreation(session: Node): boolean {
  const declaration = constantOf(session)
  const created = is(declaration, "VariableDeclaration") && bare(declaration.getInitializer())
  if (!created || !is(created, "CallExpression") || !isCallOf(created, "createSession")) return false
  const known = createdSession(created)
  return typeof known !== "string" && known.uses.every((use) => !problemWith(use))
}

/** The code for the token of a session that was validated. */
interface ValidatedToken {
  /** What the request sent. */
  sent: string
  /** What took its place, if anything did. */
  renewed: string
}

function validatedToken(session: Node, changes: Changes): ValidatedToken | null {
  const isOfResult = is(session, "PropertyAccessExpression") && session.getName() === "session"
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

function leave(reason: string): Outcome {
  return { isDone: false, reason }
}
