/**
 * A command's exit code: 0 done, 1 found a problem or failed, 2 called with invalid arguments or without a terminal to
 * ask.
 */
export type ExitCode = 0 | 1 | 2

/** One command of `nightlatch`: a row of the table in commands.ts. */
export interface Command {
  name: string
  /** What it does, in one line of `nightlatch --help`. */
  summary: string
  /** The text of `nightlatch <name> --help`. Starts with `Usage: nightlatch <name>`. */
  usage: string
  /** Throws {@link UsageError} for invalid arguments. */
  run(args: string[], terminal: Terminal): ExitCode | Promise<ExitCode>
}

/** The environment of a command: its directory, its output and the user. */
export interface Terminal {
  /** The working directory, an absolute path. */
  directory: string
  /** The version of this package. */
  version: string
  /** Prints results to standard output. Control characters are escaped. */
  print(text: string): void
  /** Prints error messages to standard error. */
  printError(text: string): void
  /** Asks the user a question and resolves to the answer. `null` if the terminal is not interactive. */
  ask: ((question: string) => Promise<string>) | null
}

/** Invalid arguments. The message is printed with a pointer to the command's help, and the exit code is 2. */
export class UsageError extends Error {}
