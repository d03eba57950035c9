import { execFileSync } from "node:child_process"
import { readdirSync } from "node:fs"

// A client needs no schema engine, which would be fetched from the network.
const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true", CHECKPOINT_DISABLE: "1" }

for (const schema of readdirSync("schemas"))
  execFileSync("node_modules/.bin/prisma", ["generate", "--schema", `schemas/${schema}`], { env, stdio: "inherit" })
