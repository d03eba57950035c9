import type { Command } from "./command.ts"
import { migrate } from "./migrate.ts"

/** The commands of `nightlatch`, in the order of its help. */
export const commands: readonly Command[] = [migrate]
