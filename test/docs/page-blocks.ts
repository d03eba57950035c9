import { globSync, readFileSync } from "node:fs"
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import ts from "typescript"
import { root, temporaryFolder } from "../package/tarball.ts"

// By test/apps: the pages of docs/getting-started, and the guide that continues one of them.
const builtWhole = /^docs\/(getting-started\/|guides\/nextjs\.md$)/

/** The pages whose blocks are compiled. Those of whole applications are built elsewhere. */
export const pages = [
  "README.md",
  ...globSync("docs/**/*.md", {
    cwd: root,
    exclude: ["docs/node_modules/**", "docs/.vitepress/**", "docs/reference/api/**"],
  })
    .filter((page) => !builtWhole.test(page))
    .toSorted(),
]

/** The blocks that need packages which only a folder of test/installs has: it compiles and runs them. */
export const elsewhere = {
  drivers: [
    "docs/databases/sqlite.md/bun.ts",
    "docs/databases/sqlite.md/d1.ts",
    "docs/databases/postgresql.md/pglite.ts",
  ],
  prisma: ["auth.ts", "tokens.ts", "renamed.ts", "sign-up.ts"].map((file) => `docs/databases/prisma.md/${file}`),
}

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  jsx: ts.JsxEmit.Preserve,
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
}

/** A folder of blocks, each page a folder. */
export interface BlockFolder {
  path: string
  write(name: string, content: string): Promise<void>
  /** What the compiler says of files, under strict options and against the built package. */
  mistakesIn(files: string[]): { file: string; message: string }[]
  remove(): Promise<void>
}

/** Makes an empty folder that sees the packages of this project or, inside a folder of test/installs, those of that too. */
export async function blockFolder(inside?: string): Promise<BlockFolder> {
  const { path, remove } = inside === undefined ? await folderOfProject() : await folderIn(inside)
  const write = async (name: string, content: string) => {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), content)
  }
  await write("package.json", JSON.stringify({ type: "module" }))
  return { path, write, remove, mistakesIn: (files) => mistakesIn(path, files) }
}

async function folderOfProject(): Promise<Pick<BlockFolder, "path" | "remove">> {
  const folder = await temporaryFolder()
  await symlink(join(root, "node_modules"), join(folder.path, "node_modules"))
  return folder
}

async function folderIn(parent: string): Promise<Pick<BlockFolder, "path" | "remove">> {
  const path = await mkdtemp(join(parent, ".docs-"))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** The blocks of a page in some languages by the name in their first line, or a number. */
export function blocksOf(page: string, languages = "tsx?"): Map<string, string> {
  const text = readFileSync(join(root, page), "utf8")
  const blocks = new Map<string, string>()
  for (const [, language = "", code = ""] of text.matchAll(new RegExp(`^\`\`\`(${languages})\n(.*?)^\`\`\`$`, "gms"))) {
    const name = /^\/\/ (\S+\.\w+)\n/.exec(code)?.[1] ?? `block-${blocks.size + 1}.${language}`
    // A file may be shown in several parts.
    blocks.set(name, (blocks.get(name) ?? "") + code)
  }
  return blocks
}

function mistakesIn(folder: string, files: string[]): { file: string; message: string }[] {
  const paths = files.map((file) => join(folder, file))
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(paths, compilerOptions))
  return diagnostics.map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.text.slice(0, start).split("\n").length : 0
    const name = file ? relative(folder, file.fileName) : "options"
    return { file: name, message: `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}` }
  })
}
