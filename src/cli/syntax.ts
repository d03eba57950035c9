import type { KindToNodeMappings, Node, SyntaxKind } from "ts-morph"

/** The name of a syntax kind in TypeScript. */
export type KindName = keyof typeof SyntaxKind
/** A node of this kind. */
export type NodeOf<Name extends KindName> = KindToNodeMappings[(typeof SyntaxKind)[Name]]

/** Returns whether a node is of a kind. Compares names, because the project's ts-morph has no kinds known at run time. */
export function is<Name extends KindName>(node: Node | undefined, name: Name): node is NodeOf<Name> {
  return node?.getKindName() === name
}

/** The statements that name a module. */
export const declarations = ["ImportDeclaration", "ExportDeclaration", "ModuleDeclaration"] as const

/** Returns whether a node is of one of these kinds. */
export function isAnyOf<Name extends KindName>(node: Node | undefined, ...names: Name[]): node is NodeOf<Name> {
  return names.some((name) => is(node, name))
}

/** Returns whether a node accesses the property with this name, or any property, such as `session.id`. */
export function isAccess(node: Node | undefined, name?: string): node is NodeOf<"PropertyAccessExpression"> {
  return is(node, "PropertyAccessExpression") && (name === undefined || node.getName() === name)
}

/** Lists the descendants of a kind. */
export function descendantsOf<Name extends KindName>(node: Node, name: Name): NodeOf<Name>[] {
  return node.getDescendants().filter((each) => is(each, name))
}

/** Removes `await`, parentheses, `!`, `as` and `satisfies` from an expression. */
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

/** Returns the function that contains a node, otherwise its file. */
export function scopeOf(node: Node): Node {
  const isScope = (each: Node) => /Function|Method|Accessor|Constructor$/.test(each.getKindName())
  return node.getAncestors().find((each) => isScope(each) && "getBody" in each) ?? node.getSourceFile()
}

/** Returns whether a name is used below a node. Names after a dot, and keys, do not count. */
export function usesName(scope: Node, name: string): boolean {
  return descendantsOf(scope, "Identifier").some((each) => each.getText() === name && !isKey(each))
}

function isKey(node: NodeOf<"Identifier">): boolean {
  const parent = node.getParent()
  if (is(parent, "PropertyAccessExpression")) return parent.getNameNode() === node
  const hasKey = isAnyOf(parent, "PropertyAssignment", "PropertySignature", "MethodDeclaration")
  return hasKey && parent.getNameNode() === node
}

/** Returns the value of the constant that an identifier refers to. */
export function initializerOf(node: Node | undefined): Node | undefined {
  const declaration = constantOf(node)
  return is(declaration, "VariableDeclaration") ? declaration.getInitializer() : undefined
}

/** Returns the declaration of an identifier's constant or parameter, if it is never reassigned. */
export function constantOf(node: Node | undefined): Node | undefined {
  if (!is(node, "Identifier")) return undefined
  const [declaration, ...more] = node.getSymbol()?.getDeclarations() ?? []
  if (!declaration || more.length > 0) return undefined
  const variable = is(declaration, "BindingElement")
    ? statementOf(declaration)
    : statementOf(declaration.getFirstChild())
  return variable === undefined || variable === "const" ? declaration : undefined
}

// Returns the keyword that declares a name; nothing for a parameter.
function statementOf(node: Node | undefined): string | undefined {
  const list = node?.getAncestors().find((each) => is(each, "VariableDeclarationList") || is(each, "Parameter"))
  return is(list, "VariableDeclarationList") ? list.getDeclarationKind() : undefined
}
