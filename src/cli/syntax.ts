import type { KindToNodeMappings, Node, SyntaxKind } from "ts-morph"

/** The name of a kind of syntax, as TypeScript has it. */
export type KindName = keyof typeof SyntaxKind
/** A node of a kind. */
export type NodeOf<Name extends KindName> = KindToNodeMappings[(typeof SyntaxKind)[Name]]

/** Returns whether a node is of a kind. By name, because ts-morph is loaded from the project and has no types at run time. */
export function is<Name extends KindName>(node: Node | undefined, name: Name): node is NodeOf<Name> {
  return node?.getKindName() === name
}

/** What names a module as a whole statement does. */
export const declarations = ["ImportDeclaration", "ExportDeclaration", "ModuleDeclaration"] as const

/** Returns whether a node is of one of these kinds. */
export function isAnyOf<Name extends KindName>(node: Node | undefined, ...names: Name[]): node is NodeOf<Name> {
  return names.some((name) => is(node, name))
}

/** Returns whether a node takes the property of this name, or any, as `session.id` does. */
export function isAccess(node: Node | undefined, name?: string): node is NodeOf<"PropertyAccessExpression"> {
  return is(node, "PropertyAccessExpression") && (name === undefined || node.getName() === name)
}

/** Lists what is of a kind below a node. */
export function descendantsOf<Name extends KindName>(node: Node, name: Name): NodeOf<Name>[] {
  return node.getDescendants().filter((each) => is(each, name))
}

/** Takes `await`, parentheses, `!`, `as` and `satisfies` off an expression. */
export function bare(node: Node | undefined): Node | undefined {
  return isAnyOf(
    node,
    "AwaitExpression",
    "ParenthesizedExpression",
    "NonNullExpression",
    "AsExpression",
    "SatisfiesExpression",
  )
    ? bare(node.getExpression())
    : node
}

/** The function that a node is in, or else its file. */
export function scopeOf(node: Node): Node {
  const isScope = (each: Node) => /Function|Method|Accessor|Constructor$/.test(each.getKindName())
  return node.getAncestors().find((each) => isScope(each) && "getBody" in each) ?? node.getSourceFile()
}

/** Returns whether anything below a node goes by this name; what follows a dot, or is a key, does not count. */
export function usesName(scope: Node, name: string): boolean {
  return descendantsOf(scope, "Identifier").some((each) => each.getText() === name && !isKey(each))
}

function isKey(node: NodeOf<"Identifier">): boolean {
  const parent = node.getParent()
  if (is(parent, "PropertyAccessExpression")) return parent.getNameNode() === node
  const hasKey = isAnyOf(parent, "PropertyAssignment", "PropertySignature", "MethodDeclaration")
  return hasKey && parent.getNameNode() === node
}

/** The value of the constant that an identifier means. */
export function initializerOf(node: Node | undefined): Node | undefined {
  const declaration = constantOf(node)
  return is(declaration, "VariableDeclaration") ? declaration.getInitializer() : undefined
}

/** The declaration of a constant or parameter that an identifier means, if it is never assigned again. */
export function constantOf(node: Node | undefined): Node | undefined {
  if (!is(node, "Identifier")) return undefined
  const [declaration, ...more] = node.getSymbol()?.getDeclarations() ?? []
  if (!declaration || more.length > 0) return undefined
  const variable = is(declaration, "BindingElement")
    ? statementOf(declaration)
    : statementOf(declaration.getFirstChild())
  return variable === undefined || variable === "const" ? declaration : undefined
}

// How a name was declared; nothing for a parameter.
function statementOf(node: Node | undefined): string | undefined {
  const list = node?.getAncestors().find((each) => is(each, "VariableDeclarationList") || is(each, "Parameter"))
  return is(list, "VariableDeclarationList") ? list.getDeclarationKind() : undefined
}
