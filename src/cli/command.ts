/** How a command ends: 0 done, 1 it found something wrong or failed, 2 it was called wrongly or nobody could be asked. */
export type ExitCode = 0 | 1 | 2

/** One command of `nightlatch`: a row of the table in commands.ts. */
export interface Command {
  name: string
  /** What it does, in one line of `nightlatch --help`. */
  summary: string
  /** What `nightlatch <name> --help` prints. Starts with `Usage: nightlatch <name>`. */
  usage: string
  /** Throws {@link UsageError} for arguments that it does not take. */
  run(args: string[], terminal: Terminal): ExitCode | Promise<ExitCode>
}

/** Where a command runs, and whom it talks to. */
export interface Terminal {
  /** The working directory: an absolute path. */
  directory: string
  /** The version of this package. */
  version: string
  /** Prints lines to standard output: results. Control characters are shown, not sent. */
  print(text: string): void
  /** Prints lines to standard error: what went wrong. */
  printError(text: string): void
  /** Asks the user a question and resolves to the answer. `null` if nobody sits at this terminal. */
  ask: ((question: string) => Promise<string>) | null
}

/** Wrong arguments. The message is printed with a pointer to the command's help, and the exit code is 2. */
export class UsageError extends Error {}
