import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { prismaModels } from "../../../src/cli/schema/prisma-models.ts"

// A client needs no schema engine, which would be fetched from the network.
const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true", CHECKPOINT_DISABLE: "1" }

// The output of `nightlatch schema prisma`, with the extra field that the published cases need.
mkdirSync("generated/schemas", { recursive: true })
for (const [provider, ids] of [
  ["sqlite", "text"],
  ["sqlite", "integer"],
  ["postgresql", "bigint"],
  ["postgresql", "uuid"],
] as const) {
  const output = `../printed-${provider}-${ids}`
  const head = `generator client {\n  provider = "prisma-client"\n  output = "${output}"\n}\ndatasource db {\n  provider = "${provider}"\n}\n`
  const models = prismaModels(ids).replace("  expiresAt DateTime\n", "  expiresAt DateTime\n  label String?\n")
  writeFileSync(`generated/schemas/printed-${provider}-${ids}.prisma`, head + models)
}

for (const folder of ["schemas", "generated/schemas"]) {
  for (const schema of readdirSync(folder)) {
    const args = ["generate", "--schema", `${folder}/${schema}`]
    execFileSync("node_modules/.bin/prisma", args, { env, stdio: "inherit" })
  }
}
