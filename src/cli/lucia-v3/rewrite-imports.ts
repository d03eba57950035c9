import { posix } from "node:path"
import type { SourceFile } from "ts-morph"
import { descendantsOf, is } from "../syntax.ts"
import type { NodeOf } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { freeName, isUsedOutside } from "./auth-file.ts"
import { codeStyleOf } from "./code-style.ts"
import type { CodeStyle } from "./code-style.ts"
import type { Instance } from "./instance.ts"
import { isLuciaModule, isTyped, localName, luciaImports } from "./lucia-imports.ts"

type ImportSpecifier = NodeOf<"ImportSpecifier">

/** The names under which the `auth` file exports Lucia's `User` and `Session`. */
interface TypeNames {
  User: string
  Session: string
}

/** The `auth` file. */
interface AuthFile {
  instance: Instance
  /** The name of the auth. */
  auth: string
  /** Whether its adapter is one of Lucia v3's. */
  isLuciaAdapter: boolean
}

/**
 * Redirects every import from Lucia to this package, and its `User` and `Session` to the `auth` file, which exports
 * them.
 */
export function rewriteImports(files: SourceFile[], authFile: AuthFile, changes: Changes): void {
  const own = authFile.instance.file
  const names = typeNamesIn(own)
  const used = usedTypes(files)
  for (const file of files) {
    const specifier = () => specifierOf(file, own, files)
    if (file !== own) rewriteOthers(file, names, specifier, changes)
    rewriteImportTypes(
      file,
      (name) => (file === own ? names[name] : importType(specifier(), names[name], file)),
      changes,
    )
  }
  const types = isTyped(own) ? Object.entries(names).filter(([kind]) => used.has(kind)) : []
  rewriteOwn(authFile, types, changes)
  if (types.length > 0) addTypes(authFile, types, localAliases(own, names), changes)
}

function isMoved(name: string): name is keyof TypeNames {
  return name === "User" || name === "Session"
}

function typeNamesIn(file: SourceFile): TypeNames {
  const imported = new Set(luciaImports(file).flatMap((each) => each.getNamedImports().map(localName)))
  const free = (name: string, other: string) => (imported.has(name) ? name : freeName(file, [name, other]))
  return { User: free("User", "AuthUser"), Session: free("Session", "AuthSession") }
}

function usedTypes(files: SourceFile[]): Set<string> {
  const imported = files.flatMap(luciaImports).flatMap((each) => each.getNamedImports().map((named) => named.getName()))
  const named = files.flatMap(luciaImportTypes).map((each) => each.getQualifier()?.getText() ?? "")
  return new Set([...imported, ...named].filter(isMoved))
}

function rewriteOthers(file: SourceFile, names: TypeNames, specifier: () => string, changes: Changes): void {
  for (const declaration of luciaImports(file)) {
    if (!isPlain(declaration, changes)) continue
    const kept = declaration.getNamedImports().filter((each) => !isMoved(each.getName()))
    const moved = declaration.getNamedImports().filter((each) => isMoved(each.getName()))
    for (const each of kept.filter((each) => each.getName() === "Lucia"))
      changes.leave(each, "Lucia itself is used here: what it made is an auth now, of the type `typeof auth`")
    const line = () => movedLine(moved, names, specifier(), codeStyleOf(file))
    if (moved.length === 0) pointAt(declaration, changes)
    else changes.replace(declaration, importLines(declaration, kept, line()))
  }
}

// Imports without names in braces are not understood.
function isPlain(declaration: NodeOf<"ImportDeclaration">, changes: Changes): boolean {
  const isPlain = declaration.getNamedImports().length > 0 && !declaration.getDefaultImport()
  if (!isPlain)
    changes.leave(declaration, "an import without names in braces: import what is needed from nightlatch/lucia")
  return isPlain
}

function pointAt(declaration: NodeOf<"ImportDeclaration">, changes: Changes): void {
  const node = declaration.getModuleSpecifier()
  const quote = node.getText()[0]!
  if (node.getLiteralValue() !== "nightlatch/lucia") changes.replace(node, `${quote}nightlatch/lucia${quote}`)
}

function importLines(declaration: NodeOf<"ImportDeclaration">, kept: ImportSpecifier[], ...more: string[]): string {
  const style = codeStyleOf(declaration.getSourceFile())
  const names = kept.map((each) => each.getText())
  const own = kept.length > 0 ? [importLine(names, "nightlatch/lucia", style, declaration.isTypeOnly())] : []
  return [...own, ...more].join("\n")
}

function movedLine(moved: ImportSpecifier[], names: TypeNames, specifier: string, style: CodeStyle): string {
  const list = moved.map((each) => {
    const [name, local] = [movedName(each, names), localName(each)]
    return name === local ? name : `${name} as ${local}`
  })
  return importLine(list, specifier, style, true)
}

function movedName(specifier: ImportSpecifier, names: TypeNames): string {
  const name = specifier.getName()
  return isMoved(name) ? names[name] : name
}

function importLine(names: string[], specifier: string, { quote, semicolon }: CodeStyle, isType = false): string {
  return `import ${isType ? "type " : ""}{ ${names.join(", ")} } from ${quote}${specifier}${quote}${semicolon}`
}

function rewriteOwn(
  { instance, isLuciaAdapter }: AuthFile,
  types: [kind: string, own: string][],
  changes: Changes,
): void {
  const { file, options } = instance
  const style = codeStyleOf(file)
  const isKept = (each: ImportSpecifier) => {
    if (each.getName() === "TimeSpan") return isUsedOutside(file, localName(each), options.sessionExpiresIn)
    return each.getName() !== "Lucia" && !isMoved(each.getName())
  }
  const functions = ["acceptLuciaTokens", ...(isLuciaAdapter ? ["fromLuciaAdapter"] : [])]
  const inferring = types.map(([kind]) => `Infer${kind}`)
  for (const declaration of luciaImports(file)) {
    const kept = declaration.getNamedImports().filter(isKept)
    if (declaration.getNamedImports().some((each) => each.getName() === "Lucia")) {
      const inferred = types.length > 0 ? [importLine(inferring, "nightlatch", style, true)] : []
      const lines = [importLine(["createAuth"], "nightlatch", style), ...inferred]
      const values = [...functions, ...kept.map((each) => each.getText())]
      changes.replace(declaration, [...lines, importLine(values, "nightlatch/lucia", style)].join("\n"))
    } else if (kept.length > 0) changes.replace(declaration, importLines(declaration, kept))
    else changes.removeLines(declaration)
  }
}

function addTypes(
  { instance, auth }: AuthFile,
  types: [kind: string, own: string][],
  aliases: string[],
  changes: Changes,
) {
  const { file, statement } = instance
  const { semicolon } = codeStyleOf(file)
  const lines = types.map(([kind, own]) => `export type ${own} = Infer${kind}<typeof ${auth}>${semicolon}`)
  changes.edit(file, statement.getEnd(), statement.getEnd(), `\n\n${[...lines, ...aliases].join("\n")}`)
}

function localAliases(file: SourceFile, names: TypeNames): string[] {
  const { semicolon } = codeStyleOf(file)
  const specifiers = luciaImports(file).flatMap((each) => each.getNamedImports())
  return specifiers.flatMap((each) => {
    const [own, local] = [movedName(each, names), each.getAliasNode()?.getText()]
    return isMoved(each.getName()) && local && local !== own ? [`type ${local} = ${own}${semicolon}`] : []
  })
}

function luciaImportTypes(file: SourceFile): NodeOf<"ImportType">[] {
  return descendantsOf(file, "ImportType").filter((each) => isLuciaModule(importedBy(each) ?? ""))
}

function importedBy(type: NodeOf<"ImportType">): string | null {
  const argument = type.getArgument()
  const literal = is(argument, "LiteralType") ? argument.getLiteral() : undefined
  return is(literal, "StringLiteral") ? literal.getLiteralValue() : null
}

function rewriteImportTypes(file: SourceFile, rename: (name: keyof TypeNames) => string, changes: Changes): void {
  for (const type of luciaImportTypes(file)) {
    const name = type.getQualifier()?.getText() ?? ""
    if (isMoved(name)) changes.replace(type, rename(name))
    else changes.leave(type, "a type of Lucia's that is imported in the middle of another")
  }
}

function importType(specifier: string, name: string, file: SourceFile): string {
  const { quote } = codeStyleOf(file)
  return `import(${quote}${specifier}${quote}).${name}`
}

/** Returns the specifier with which a file imports the `auth` file: its own, another file's, or the path. */
function specifierOf(file: SourceFile, auth: SourceFile, files: SourceFile[]): string {
  const others = files.flatMap((each) => importsOf(each, auth)).filter((each) => !each.startsWith("."))
  return importsOf(file, auth)[0] ?? others[0] ?? relativeSpecifier(file, auth, files)
}

function importsOf(file: SourceFile, auth: SourceFile): string[] {
  const declarations = file.getImportDeclarations().filter((each) => each.getModuleSpecifierSourceFile() === auth)
  return declarations.map((each) => each.getModuleSpecifierValue())
}

function relativeSpecifier(file: SourceFile, auth: SourceFile, files: SourceFile[]): string {
  const path = posix.relative(file.getDirectoryPath(), auth.getFilePath())
  const relatives = files.flatMap((each) => each.getImportDeclarations()).map((each) => each.getModuleSpecifierValue())
  const ending = relatives.map((each) => /^\..*\.([cm]?[jt]s)$/.exec(each)?.[1]).find(Boolean)
  const bare = path.replace(/\.[cm]?[jt]sx?$/, "")
  return (bare.startsWith(".") ? bare : `./${bare}`) + (ending ? `.${ending}` : "")
}
