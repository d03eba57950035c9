import { readdirSync } from "node:fs"
import { basename, join } from "node:path"

const generated = /^(node_modules|dist|build|out|coverage|\..+)$/
const code = /\.[cm]?[jt]sx?$/
const components = /\.(vue|svelte|astro|mdx)$/

/** The files of an application that may contain code. */
export interface SourceFiles {
  /** The files that TypeScript reads. */
  code: string[]
  /** The components in other languages. */
  components: string[]
  /** The package.json of each package of a workspace. */
  manifests: string[]
}

/** Lists an application's files, without installed or generated ones. Does not follow links. */
export function listSourceFiles(folder: string): SourceFiles {
  const files = filesBelow(folder)
  return {
    code: files.filter((file) => code.test(file)),
    components: files.filter((file) => components.test(file)),
    manifests: files.filter((file) => basename(file) === "package.json"),
  }
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !generated.test(name))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return filesBelow(path)
    return entry.isFile() ? [path] : []
  })
}
