// Writes docs/reference/api from the doc comments of src and adapters: one page for each entry of the package.
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { Application, OptionDefaults, ReflectionKind } from "typedoc"
import type { Reflection, TypeDocOptions } from "typedoc"
import { ModuleRouter } from "typedoc-plugin-markdown"
import type { PluginOptions } from "typedoc-plugin-markdown"
import { entry } from "../../tsup.config.ts"
import { docs } from "../.vitepress/pages.ts"

const output = join(docs, "reference/api")

const layout: PluginOptions = {
  hideBreadcrumbs: true,
  hidePageHeader: true,
  expandParameters: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  propertyMembersFormat: "table",
  typeDeclarationFormat: "table",
  useCodeBlocks: true,
  useCustomAnchors: true,
  sanitizeComments: true,
  pageTitleTemplates: { module: ({ rawName }) => rawName },
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true, hideSources: true },
}

const options: TypeDocOptions = {
  plugin: ["typedoc-plugin-markdown"],
  entryPoints: Object.values(entry).map((file) => join(docs, "..", file)),
  tsconfig: join(docs, "tsconfig.json"),
  outputs: [{ name: "markdown", path: output }],
  readme: "none",
  disableGit: true,
  disableSources: true,
  excludeExternals: true,
  excludePrivate: true,
  blockTags: [...OptionDefaults.blockTags, "@ts-ignore"],
  excludeTags: ["@ts-ignore"],
  groupOrder: ["Functions", "Classes", "Interfaces", "Type Aliases", "Variables"],
  sort: ["source-order"],
  router: "entries",
  // Types that only compute others stay unexported. Options must be exported: test/docs/site.test.ts checks that.
  validation: { notExported: false },
}

/** A page for each entry, at the path by which it is imported. */
class EntryRouter extends ModuleRouter {
  override getIdealBaseName(reflection: Reflection): string {
    if (reflection.kindOf(ReflectionKind.Module)) return pathOf(reflection.name)
    return `members/${super.getIdealBaseName(reflection)}`
  }
}

const app = await Application.bootstrapWithPlugins({ ...options, ...layout } as TypeDocOptions)
app.renderer.defineRouter("entries", EntryRouter)
const project = await app.convert()
if (!project) throw new Error("TypeDoc found nothing to write down")
for (const reflection of Object.values(project.reflections)) {
  if (reflection.isDeclaration() || reflection.isSignature()) delete reflection.inheritedFrom
}
for (const module of project.children ?? []) module.name = importOf(module.name)
app.validate(project)
await rm(output, { recursive: true, force: true })
await app.generateOutputs(project)
// docs/reference/index.md lists the entries.
await rm(join(output, "README.md"))
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1

/** `src/next/pages` is imported as `nightlatch/next/pages`, and `src` as `nightlatch`. */
function importOf(module: string): string {
  return `nightlatch/${module.replace(/^src(\/|$)/, "")}`.replace(/\/$/, "")
}

function pathOf(name: string): string {
  return name.replace(/^nightlatch\//, "")
}
