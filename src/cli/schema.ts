import { oneOf, readArguments } from "./arguments.ts"
import { UsageError } from "./command.ts"
import type { Command } from "./command.ts"
import { drizzleTables } from "./schema/drizzle-tables.ts"
import { prismaModels } from "./schema/prisma-models.ts"
import { dialects, features, sqlScript, tableOwners } from "./schema/sql-script.ts"
import type { Feature, Tables } from "./schema/sql-script.ts"

const usage = `Usage: nightlatch schema <sqlite|postgres|mysql|drizzle|prisma> [options]

Prints the tables that sessions and keys need: SQL, tables for Drizzle or models for Prisma. Paste them into a migration
or into your schema. "mysql" is also for MariaDB.

Options:
  --ids <type>      The type of your user ids: text (default), integer, bigint or uuid
  --dialect <name>  Drizzle only: sqlite, postgres or mysql
  --tables <names>  SQL only: other names of the tables, such as user=account,session=auth.session,key=login
  --include <names> Also the tables of these features: tokens, throttle, totp, passkeys, audit. Separate them by commas`

const idTypes = ["text", "integer", "bigint", "uuid"] as const
const formats = [...dialects, "drizzle", "prisma"] as const

/** `nightlatch schema`. */
export const schema: Command = {
  name: "schema",
  summary: "Print the tables as SQL, for Drizzle or for Prisma",
  usage,
  run(args, { print }) {
    const text = { type: "string" } as const
    const { values, positionals } = readArguments(args, { ids: text, dialect: text, tables: text, include: text })
    const [name, ...more] = positionals
    if (name === undefined || more.length > 0) throw new UsageError(`Name one of ${formats.join(", ")}.`)
    print(tablesFor(oneOf("schema", name, formats), values))
    return 0
  },
}

function tablesFor(
  format: (typeof formats)[number],
  given: { [Name in "ids" | "dialect" | "tables" | "include"]?: string | undefined },
): string {
  const ids = oneOf("type of ids", given.ids ?? "text", idTypes)
  if (given.dialect !== undefined && format !== "drizzle") throw new UsageError("--dialect is for drizzle only.")
  const include = readFeatures(given.include)
  const isSql = format !== "drizzle" && format !== "prisma"
  if (given.tables !== undefined && !isSql)
    throw new UsageError("--tables is for SQL only. Change the names in what is printed.")
  if (format === "prisma") return prismaModels(ids, include)
  if (isSql) return sqlScript(format, ids, readTables(given.tables), include)
  if (given.dialect === undefined) throw new UsageError(`Name the database: --dialect ${dialects.join("|")}`)
  return drizzleTables(oneOf("dialect", given.dialect, dialects), ids, include)
}

function readFeatures(given: string | undefined): Feature[] {
  return given?.split(",").map((name) => oneOf("feature", name.trim(), features)) ?? []
}

function readTables(given: string | undefined): Tables {
  const tables: Tables = {}
  for (const pair of given?.split(",") ?? []) {
    const [owner = "", name, ...more] = pair.split("=")
    if (!name || more.length > 0)
      throw new UsageError(`--tables: "${pair}" is not a pair; write it as session=my_session`)
    tables[oneOf("table", owner.trim(), tableOwners)] = name.trim()
  }
  return tables
}
