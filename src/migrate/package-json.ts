/** What became of an application's package.json. */
export interface PackageChange {
  text: string
  /** What to know about it. */
  notes: string[]
}

type Dependencies = Record<string, string>

/** Adds `nightlatch` to the dependencies, and removes `lucia` unless an adapter that is there needs it. */
export function migratePackageJson(before: string, version: string): PackageChange {
  const manifest = JSON.parse(before) as { dependencies?: Dependencies; devDependencies?: Dependencies }
  const all = { ...manifest.devDependencies, ...manifest.dependencies }
  const dependants = Object.keys(all).filter((name) => name.startsWith("@lucia-auth/"))
  const isNeeded = dependants.length > 0
  const dependencies: Dependencies = {
    ...manifest.dependencies,
    ...("nightlatch" in all ? {} : { nightlatch: `^${version}` }),
  }
  if (!isNeeded) delete dependencies.lucia
  const notes =
    isNeeded && "lucia" in all ? [`package.json keeps lucia, because ${dependants.join(", ")} needs it.`] : []
  const isSame = JSON.stringify(dependencies) === JSON.stringify(manifest.dependencies ?? {})
  return { text: isSame ? before : write({ ...manifest, dependencies: sorted(dependencies) }, before), notes }
}

function sorted(dependencies: Dependencies): Dependencies {
  return Object.fromEntries(Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function write(manifest: object, before: string): string {
  const indent = /^[ \t]+/m.exec(before)?.[0] ?? "  "
  return JSON.stringify(manifest, null, indent) + (before.endsWith("\n") ? "\n" : "")
}
