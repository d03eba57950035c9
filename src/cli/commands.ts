import type { Command } from "./command.ts"
import { doctor } from "./doctor.ts"
import { init } from "./init.ts"
import { migrate } from "./migrate.ts"
import { schema } from "./schema.ts"
import { secret } from "./secret.ts"

/** The commands of `nightlatch`, in the order of its help. */
export const commands: readonly Command[] = [init, schema, secret, doctor, migrate]
