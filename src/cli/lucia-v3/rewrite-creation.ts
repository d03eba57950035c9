import type { Node } from "ts-morph"
import { bare, constantOf, is, isAccess, isAnyOf, scopeOf, initializerOf } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { freeName } from "./auth-file.ts"
import { done, isArgumentOf, isCallOf, isInvalidated, leave } from "./lucia-calls.ts"
import type { MethodCall, Outcome } from "./lucia-calls.ts"

/** Rewrites the code of `createSession()` to use the token that it now returns. */
export function rewriteCreation({ call }: MethodCall, changes: Changes): Outcome {
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

/** Finds `.id` in `lucia.createSessionCookie((await lucia.createSession(userId, {})).id)`. */
export function idAtOnce(call: NodeOf<"CallExpression">): NodeOf<"PropertyAccessExpression"> | null {
  const access = call.getAncestors().find((each) => !isAnyOf(each, "AwaitExpression", "ParenthesizedExpression"))
  if (!isAccess(access, "id") || call.getArguments().length > 2) return null
  return isArgumentOf(access, "createSessionCookie") ? access : null
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
  if (!isAccess(access, "id") || access.getExpression() !== use || cookieArgument(use) || isInvalidated(access))
    return null
  return `its id is used in line ${use.getStartLineNumber()}: it is public now, and signs nobody in. Write \`const { session, token }\`, and give \`token\` to the cookie and to a client that keeps it`
}

// `session.id` in `lucia.createSessionCookie(session.id)`.
function cookieArgument(use: Node): Node | null {
  const access = use.getParent()
  return isAccess(access, "id") && isArgumentOf(access, "createSessionCookie") ? access : null
}

/** Returns an unused name for a token. */
export function tokenName(name: Node): string {
  return freeName(scopeOf(name), ["token", "sessionToken", "newSessionToken"])
}

function dropEmptyAttributes(call: NodeOf<"CallExpression">, changes: Changes): void {
  const [userId, attributes] = call.getArguments()
  if (userId && attributes?.getText().replaceAll(/\s/g, "") === "{}")
    changes.edit(call.getSourceFile(), userId.getEnd(), attributes.getEnd(), "")
}

/** Returns whether a session is the constant of a rewritten `createSession()`. */
export function isRewrittenCreation(session: Node): boolean {
  const call = bare(initializerOf(session))
  if (!is(call, "CallExpression") || !isCallOf(call, "createSession")) return false
  const created = createdSession(call)
  return typeof created !== "string" && created.uses.every((use) => !problemWith(use))
}
