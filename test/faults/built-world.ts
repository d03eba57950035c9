import { createHash } from "node:crypto"
import { readFile, symlink } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { build } from "esbuild"
import { madeOnce } from "../shared-folder.ts"
import { root } from "../package/tarball.ts"
import type { memoryAdapter } from "../../adapters/memory.ts"
import type { createAccountWorld } from "./account-world.ts"
import type { createWorld } from "./world.ts"

/** A change of one line of the source that must not go unnoticed. */
export interface Bug {
  /** Below the root. */
  file: string
  from: string
  to: string
  /** The only kinds of steps in its histories, where it takes many of them to show. */
  steps?: string[]
}

/** The world with a bug in it. */
export interface BuiltWorld {
  createWorld: typeof createWorld
  createAccountWorld: typeof createAccountWorld
  memoryAdapter: typeof memoryAdapter
}

const code = `
export { createWorld } from "./test/faults/world.ts"
export { createAccountWorld } from "./test/faults/account-world.ts"
export { memoryAdapter } from "./adapters/memory.ts"
`

/** Bundles the world from the sources with a bug planted. Throws if the text to be changed is not there exactly once. */
export async function worldWith(bug: Bug): Promise<BuiltWorld> {
  return (await import(pathToFileURL(await bundled("world", code, bug)).href)) as BuiltWorld
}

/** Bundles code that imports from the root's folders, with a bug planted if one is given. Resolves to the file. */
export async function bundled(name: string, contents: string, bug?: Bug): Promise<string> {
  // Two bugs of a file can leave out different lines: `to` alone would not tell them apart.
  const made = createHash("sha256")
    .update(JSON.stringify(bug ?? null))
    .digest("hex")
  const folder = await madeOnce(`${name}-${made.slice(0, 16)}`, (into) => bundleInto(into, contents, bug))
  return join(folder, "bundle.mjs")
}

async function bundleInto(folder: string, contents: string, bug?: Bug): Promise<void> {
  // Where it finds the drivers.
  await symlink(join(root, "node_modules"), join(folder, "node_modules"))
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    // A file that is imported for what it does is not to be left out.
    ignoreAnnotations: true,
    outfile: join(folder, "bundle.mjs"),
    plugins: bug && [
      { name: "bug", setup: ({ onLoad }) => onLoad({ filter: /\.ts$/ }, ({ path }) => load(path, bug)) },
    ],
  })
}

async function load(path: string, { file, from, to }: Bug) {
  const text = await readFile(path, "utf8")
  if (path !== join(root, file)) return { contents: text, loader: "ts" as const }
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${file} has this ${parts.length - 1} times: ${from}`)
  return { contents: parts.join(to), loader: "ts" as const }
}
