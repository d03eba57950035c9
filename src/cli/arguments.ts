import { parseArgs } from "node:util"
import type { ParseArgsOptionsConfig } from "node:util"
import { hintFor, shown } from "../core/options.ts"
import { UsageError } from "./command.ts"

/** The result of {@link readArguments}. */
export type Arguments<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true }>
>

/** Parses a command's arguments. Throws {@link UsageError} for an unknown option or a missing value. */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  args: string[],
  options: Options,
): Arguments<Options> {
  const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === "option" && !Object.hasOwn(options, token.name)) throw unknownOption(token.rawName, options)
  }
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    // The first sentence names the option.
    throw new UsageError(`${(error as Error).message.split(". ")[0]}.`)
  }
}

function unknownOption(given: string, options: ParseArgsOptionsConfig): UsageError {
  const names = Object.keys(options).map((name) => `--${name}`)
  return new UsageError(names.length > 0 ? unknown("option", given, names) : "This command takes no options.")
}

/** Returns `value` if it is one of `known`. Otherwise throws {@link UsageError} with the name that was probably meant. */
export function oneOf<Known extends string>(what: string, value: string, known: readonly Known[]): Known {
  const found = known.find((each) => each === value)
  if (found === undefined) throw new UsageError(unknown(what, value, known))
  return found
}

function unknown(what: string, value: string, known: readonly string[]): string {
  return `Unknown ${what} ${shown(value)}: ${hintFor(value, known)}`
}
