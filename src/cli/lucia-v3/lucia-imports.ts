import type { SourceFile } from "ts-morph"
import { is } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"

/** Returns whether a module specifier is Lucia v3 or its drop-in. */
export function isLuciaModule(specifier: string): boolean {
  return isLuciaItself(specifier) || specifier === "nightlatch/lucia"
}

// Editors also import from files of its `dist`, which nothing forbids.
function isLuciaItself(specifier: string): boolean {
  return specifier === "lucia" || specifier.startsWith("lucia/dist/")
}

/** Returns an import's local name in its file. */
export function localName(specifier: NodeOf<"ImportSpecifier">): string {
  return specifier.getAliasNode()?.getText() ?? specifier.getName()
}

/** Lists a file's imports from Lucia v3 or its drop-in. */
export function luciaImports(file: SourceFile): NodeOf<"ImportDeclaration">[] {
  return file.getImportDeclarations().filter((each) => isLuciaModule(each.getModuleSpecifierValue()))
}

/** Returns a file's local name for an export of Lucia; `null` if it does not import it. */
export function localNameOf(file: SourceFile, name: string): string | null {
  const specifiers = luciaImports(file).flatMap((each) => each.getNamedImports())
  const specifier = specifiers.find((each) => each.getName() === name)
  return specifier ? localName(specifier) : null
}

/** Returns the module from which a file imports a name, if it does. */
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

/** Returns whether a call or creation uses this export of Lucia. */
export function isOfLucia(node: NodeOf<"NewExpression">, name: string): boolean {
  const callee = node.getExpression()
  return is(callee, "Identifier") && callee.getText() === localNameOf(node.getSourceFile(), name)
}
