import { randomBytes } from "node:crypto"
import { readArguments } from "./arguments.ts"
import { UsageError } from "./command.ts"
import type { Command } from "./command.ts"

const usage = `Usage: nightlatch secret

Prints a new random secret of 256 bits: 43 letters, digits, "-" and "_". createStatelessAuth() and createSnapshots() take
it in \`secrets\`. Keep it out of the code: put it where your server reads its environment, for example as SESSION_SECRET.
Use each secret for one auth only.`

/** `nightlatch secret`. */
export const secret: Command = {
  name: "secret",
  summary: "Print a secret for createStatelessAuth() or createSnapshots()",
  usage,
  run(args, { print }) {
    const { positionals } = readArguments(args, {})
    if (positionals.length > 0) throw new UsageError("This command takes no arguments.")
    print(randomBytes(32).toString("base64url"))
    return 0
  },
}
