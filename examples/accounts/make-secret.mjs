import { randomBytes } from "node:crypto"
import { appendFileSync, existsSync, readFileSync } from "node:fs"

// Writes a secret of this machine's own into a file that Next.js reads and Git does not, unless there is one.
const file = new URL(".env.local", import.meta.url)
const text = existsSync(file) ? readFileSync(file, "utf8") : ""

if (!process.env.AUTH_SECRET && !/^AUTH_SECRET=./m.test(text)) {
  const lineBreak = text === "" || text.endsWith("\n") ? "" : "\n"
  appendFileSync(file, `${lineBreak}AUTH_SECRET=${randomBytes(32).toString("base64")}\n`, { mode: 0o600 })
  console.log("Wrote a new AUTH_SECRET into .env.local")
}
