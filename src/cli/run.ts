import { oneOf } from "./arguments.ts"
import { UsageError } from "./command.ts"
import type { Command, ExitCode, Terminal } from "./command.ts"
import { commands } from "./commands.ts"
import { withoutControls } from "./printable.ts"

const help = `Usage: nightlatch <command> [options]

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`).join("\n")}

Options:
  -h, --help     Show this help, or that of a command: nightlatch <command> --help
  -v, --version  Show the version

It never runs your code and makes no network requests.
Exit codes: 0 done, 1 failed or found a problem, 2 wrong arguments.`

/** Runs a command line without the program's name. Resolves to the exit code. */
export async function run([name, ...args]: string[], terminal: Terminal): Promise<ExitCode> {
  const safe: Terminal = {
    ...terminal,
    print: (text) => terminal.print(withoutControls(text)),
    printError: (text) => terminal.printError(withoutControls(text)),
  }
  if (name === undefined) return refuse("Name a command.", help, safe)
  if (name === "--version" || name === "-v") return answer(terminal.version, safe)
  if (isHelp(name)) return answer(help, safe)
  const command = commandNamed(name)
  if (typeof command === "string") return refuse(command, help, safe)
  return args.some(isHelp) ? answer(command.usage, safe) : runCommand(command, args, safe)
}

// Returns the command, or an error message if there is no such command.
function commandNamed(name: string): Command | string {
  try {
    const known = oneOf(
      "command",
      name,
      commands.map((each) => each.name),
    )
    return commands.find((each) => each.name === known)!
  } catch (error) {
    return (error as UsageError).message
  }
}

async function runCommand(command: Command, args: string[], terminal: Terminal): Promise<ExitCode> {
  try {
    return await command.run(args, terminal)
  } catch (error) {
    if (error instanceof UsageError) return refuse(error.message, command.usage, terminal)
    throw error
  }
}

function isHelp(argument: string): boolean {
  return argument === "--help" || argument === "-h"
}

function answer(text: string, { print }: Terminal): 0 {
  print(text)
  return 0
}

function refuse(reason: string, usage: string, { printError }: Terminal): 2 {
  printError(`${reason}\n\n${usage}`)
  return 2
}
