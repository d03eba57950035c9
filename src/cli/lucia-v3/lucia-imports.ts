import type { SourceFile } from "ts-morph"
import { is } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"

/** Whether code imports from Lucia v3 with this specifier, or from its drop-in. */
export function isLuciaModule(specifier: string): boolean {
  return isLuciaItself(specifier) || specifier === "nightlatch/lucia"
}

// Editors import from files of its `dist` too, which nothing forbids.
function isLuciaItself(specifier: string): boolean {
  return specifier === "lucia" || specifier.startsWith("lucia/dist/")
}

/** What an import is called in its file. */
export function localName(specifier: NodeOf<"ImportSpecifier">): string {
  return specifier.getAliasNode()?.getText() ?? specifier.getName()
}

/** Lists what a file imports from Lucia v3 or its drop-in. */
export function luciaImports(file: SourceFile): NodeOf<"ImportDeclaration">[] {
  return file.getImportDeclarations().filter((each) => isLuciaModule(each.getModuleSpecifierValue()))
}

/** What a file calls something of Lucia's; `null` if it does not import it. */
export function localNameOf(file: SourceFile, name: string): string | null {
  const specifiers = luciaImports(file).flatMap((each) => each.getNamedImports())
  const specifier = specifiers.find((each) => each.getName() === name)
  return specifier ? localName(specifier) : null
}

/** The module that a name comes from, if a file imports it. */
export function moduleOf(file: SourceFile, name: string): string | null {
  const declaration = file
    .getImportDeclarations()
    .find((each) => [...each.getNamedImports().map(localName), each.getDefaultImport()?.getText()].includes(name))
  return declaration?.getModuleSpecifierValue() ?? null
}

/** Returns whether a file is TypeScript. */
export function isTyped(file: SourceFile): boolean {
  return /\.[cm]?tsx?$/.test(file.getFilePath())
}

/** Returns whether a call or creation is of something that this file imports from Lucia under this name. */
export function isOfLucia(node: NodeOf<"NewExpression">, name: string): boolean {
  const callee = node.getExpression()
  return is(callee, "Identifier") && callee.getText() === localNameOf(node.getSourceFile(), name)
}
