import { readFileSync } from "node:fs"
import { dirname, sep } from "node:path"
import { listsLucia, migratePackageJson } from "./package-json.ts"
import type { PackageChange } from "./package-json.ts"

/** What the package.json files of an application depend on in its code. */
export interface CodeOfPackages {
  /** The paths of the files that change. */
  changed: string[]
  /** The paths of the files that still need Lucia. */
  needing: string[]
}

/** A package.json before and after. */
export interface Manifest extends PackageChange {
  path: string
  before: string
}

/**
 * Plans the package.json of each package whose code changes. The one that lists `lucia` for a file, perhaps that of the
 * whole workspace, gets `nightlatch`. It loses `lucia` once no code below it needs it.
 */
export function migrateManifests(
  paths: string[],
  { changed, needing }: CodeOfPackages,
  version: string,
  shorten: (path: string) => string,
): Manifest[] {
  const texts = new Map(paths.map((path) => [path, readFileSync(path, "utf8")]))
  const asked = new Set(changed.flatMap((file) => manifestOf(file, texts) ?? []))
  return [...asked].map((path) => {
    const before = texts.get(path)!
    const importers = needing.filter((file) => isBelow(file, path)).map(shorten)
    return { path, before, ...migratePackageJson(before, version, { importers, name: shorten(path) }) }
  })
}

// Returns the nearest one that lists Lucia, otherwise the nearest.
function manifestOf(file: string, texts: Map<string, string>): string | undefined {
  const above = [...texts.keys()].filter((path) => isBelow(file, path)).sort((a, b) => b.length - a.length)
  return above.find((path) => listsLucia(texts.get(path)!)) ?? above[0]
}

function isBelow(file: string, manifest: string): boolean {
  return file.startsWith(dirname(manifest) + sep)
}
