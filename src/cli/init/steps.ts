import { dirname, posix } from "node:path"
import type { Project } from "./detect.ts"
import { findEntryFile } from "./entry-file.ts"
import type { PlannedFile } from "./planned-file.ts"
import { majorOf } from "./read-config.ts"

/** Lists the user's next steps once the files exist, in order. */
export function stepsAfter(project: Project, files: PlannedFile[]): string[] {
  return [...installSteps(project), ...tableSteps(project, files), ...mountSteps(project), ...lastSteps(project)]
}

function installSteps({ folder, install, packages, database, style }: Project): string[] {
  const missing = (names: string[]) => names.filter((name) => !(name in packages))
  const library = database.name.startsWith("node:") ? [] : [database.name]
  const needed = missing(["nightlatch", "@node-rs/argon2", ...library])
  const types = style.typescript ? missing(database.types ? [database.types] : []) : []
  // Earlier versions lack node:sqlite.
  const typesOfNode = style.typescript && (majorOf(folder, "@types/node", packages["@types/node"]) ?? 0) < 22
  const developed = [...types, ...(typesOfNode ? ["@types/node@24"] : [])]
  const dev = install.startsWith("bun") ? "-d" : "-D"
  return [
    ...(needed.length > 0 ? [`Install the packages:\n\n  ${install} ${needed.join(" ")}`] : []),
    ...(developed.length > 0 ? [`Install the types:\n\n  ${install} ${dev} ${developed.join(" ")}`] : []),
  ]
}

function tableSteps({ database }: Project, files: PlannedFile[]): string[] {
  const tables = files.find(({ path }) => path.endsWith("/tables.sql"))
  if (!tables)
    return ["The database is the file app.db. The variable DATABASE names another. Add app.db* to .gitignore."]
  return [
    `Set DATABASE_URL, and create the tables, or copy them into your migrations:\n\n  ${database.create!(tables.path)}`,
  ]
}

function mountSteps(project: Project): string[] {
  const { framework, style, source } = project
  if (framework === "next") return []
  const entry = findEntryFile(project)
  const from = entry ? dirname(entry.path) : source || "."
  const relative = posix.relative(from, `${source}auth/routes${style.extension}`)
  const path = relative.startsWith(".") ? relative : `./${relative}`
  const isRequired = style.commonJs && !style.typescript
  const load = isRequired ? `const { authRoutes } = require("${path}")` : `import { authRoutes } from "${path}"`
  const app = entry?.variable ?? "app"
  const use = framework === "hono" ? `${app}.route("/", authRoutes)` : `${app}.use(authRoutes)`
  const place = entry?.path ?? "the file that creates your application"
  return [
    `In ${place}, add these lines before your own routes:\n\n  ${load}\n  ${use}`,
    `Protect your own routes with requireUser: ${app}.get(path, requireUser, handler).`,
  ]
}

function lastSteps({ framework, source }: Project): string[] {
  const deploy = "Before you deploy, set NODE_ENV=production, serve over HTTPS, and rate-limit sign-in."
  const cleanUp = `Run auth.deleteExpiredSessions() and throttle.cleanUp() once a day: docs/databases/schema.md#clean-up in node_modules/nightlatch shows a timer in ${source}instrumentation.ts.`
  const look = "Start your application and open /sign-up."
  return framework === "next" ? [look, deploy, cleanUp] : [look, deploy]
}
