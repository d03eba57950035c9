// Builds the package, unless what lies in dist is newer than all that it is made of.
import { execFileSync } from "node:child_process"
import { readdirSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import manifest from "../package.json" with { type: "json" }

const root = fileURLToPath(new URL("..", import.meta.url))
const sources = ["src", "adapters", "package.json", "package-lock.json", "tsconfig.json", "tsup.config.ts"]
const targets = Object.values(manifest.exports).flatMap((target) =>
  typeof target === "string" ? [] : [target.types, target.default],
)

if (oldestTarget() > newestSource()) console.log("dist is up to date: nothing to build.")
else execFileSync("npm", ["run", "build"], { cwd: root, stdio: "inherit" })

/** When the first of the built files was written; 0 if one is missing. */
function oldestTarget(): number {
  const programs = Object.values(manifest.bin)
  return Math.min(...[...targets, ...programs].map((path) => changedAt(path)))
}

/** When the last change was made; that of a folder tells of files that are gone. */
function newestSource(): number {
  const paths = sources.flatMap((path) => [path, ...below(path)])
  return Math.max(...paths.map((path) => changedAt(path)))
}

function below(path: string): string[] {
  if (!statSync(`${root}/${path}`).isDirectory()) return []
  return readdirSync(`${root}/${path}`, { recursive: true, encoding: "utf8" }).map((name) => `${path}/${name}`)
}

function changedAt(path: string): number {
  return statSync(`${root}/${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
