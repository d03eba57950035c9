/** The result of changing a package.json. */
export interface PackageChange {
  text: string
  /** What to know about it. */
  notes: string[]
}

type Dependencies = Record<string, string>

interface Manifest {
  dependencies?: Dependencies
  devDependencies?: Dependencies
}

/** The code that still needs Lucia. */
export interface LuciaUse {
  /** The files that import it, by their names in messages. Default: none. */
  importers?: string[]
  /** The name of this package.json in messages. Default: `package.json`. */
  name?: string
}

/** Returns whether a package.json depends on Lucia. */
export function listsLucia(text: string): boolean {
  return "lucia" in allOf(JSON.parse(text) as Manifest)
}

/** Adds `nightlatch` to the dependencies, and removes `lucia` unless code or an installed adapter needs it. */
export function migratePackageJson(
  before: string,
  version: string,
  { importers = [], name = "package.json" }: LuciaUse = {},
): PackageChange {
  const manifest = JSON.parse(before) as Manifest
  const all = allOf(manifest)
  const needs = [...Object.keys(all).filter((each) => each.startsWith("@lucia-auth/")), ...importers]
  const after = needs.length > 0 ? { ...manifest } : withoutLucia(manifest)
  if (!("nightlatch" in all)) after.dependencies = sorted({ ...after.dependencies, nightlatch: `^${version}` })
  const notes =
    needs.length > 0 && "lucia" in all
      ? [`${name} keeps lucia, because ${needs.join(", ")} ${needs.length > 1 ? "need" : "needs"} it.`]
      : []
  const isSame = JSON.stringify(after) === JSON.stringify(manifest)
  return { text: isSame ? before : write(after, before), notes }
}

function allOf({ dependencies, devDependencies }: Manifest): Dependencies {
  return { ...devDependencies, ...dependencies }
}

function withoutLucia(manifest: Manifest): Manifest {
  const after = { ...manifest }
  for (const kind of ["dependencies", "devDependencies"] as const) {
    const { lucia, ...others } = manifest[kind] ?? {}
    if (lucia !== undefined) after[kind] = others
  }
  return after
}

function sorted(dependencies: Dependencies): Dependencies {
  return Object.fromEntries(Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function write(manifest: object, before: string): string {
  const indent = /^[ \t]+/m.exec(before)?.[0] ?? "  "
  return JSON.stringify(manifest, null, indent) + (before.endsWith("\n") ? "\n" : "")
}
