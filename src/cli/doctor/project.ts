import { hasCode, readSource } from "./source.ts"
import type { Source } from "./source.ts"

/** A project as the rules see it: the texts of its files. Nothing is run. */
export interface Project {
  /** The texts of its files, by path relative to its folder, with `/`. */
  files: ReadonlyMap<string, string>
  /** Its code, without tests. */
  sources: readonly Source[]
  /** The range of Node.js that nightlatch needs, from its package.json. */
  requiredNode: string
  /** Whether Git tracks the project. */
  isRepository: boolean
  /** The lines of the `.gitignore` files above its folder. */
  outerIgnores: readonly string[]
}

const test = /(?:^|\/)(?:__tests__|__mocks__|tests?|e2e|cypress)\/|[.-](?:test|spec|stories|bench)\.[\w.]+$/
const configuration =
  /(?:^|\/)(?:vitest|jest|playwright|cypress|eslint|next|vite|astro|nuxt|svelte|drizzle|prisma)\.config\.\w+$/

/** The options of {@link createProject}, in addition to the files. */
export type ProjectFacts = Pick<Project, "requiredNode"> & Partial<Pick<Project, "isRepository" | "outerIgnores">>

/** Creates a project from the texts of its files. */
export function createProject(files: ReadonlyMap<string, string>, facts: ProjectFacts): Project {
  const own = [...files].filter(([path]) => hasCode(path) && !isOutside(path))
  const sources = own.filter(([, text]) => !isGenerated(text)).map(([path, text]) => readSource(path, text))
  return { isRepository: false, outerIgnores: [], ...facts, files, sources }
}

/** Returns whether a project uses this package, in its code or in a package.json. */
export function usesNightlatch({ files }: Project): boolean {
  const isNamed = /["'`]nightlatch(?:\/[\w./-]+)?["'`]/
  return [...files].some(([path, text]) => (hasCode(path) || path.endsWith("package.json")) && isNamed.test(text))
}

function isOutside(path: string): boolean {
  return test.test(path) || configuration.test(path) || path.includes("node_modules/")
}

// A bundle or a minified file. Hand-written lines are short.
function isGenerated(text: string): boolean {
  return text.length > 5000 && text.length / text.split("\n").length > 300
}
