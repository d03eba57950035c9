import type { SessionRecord } from "../../src/core/ports.ts"
import type { UserIds } from "../port/user-ids.ts"
import type { Catalogue } from "./catalogue.ts"
import { isAttribute } from "./catalogue.ts"
import type { Dialect } from "./dialect.ts"
import type { Row } from "./executor.ts"

/** Selects the columns of session `s`, and reads them back. */
export interface SessionRows {
  select: string
  /** The name of a column that tells for which of several ids a row was found. */
  place: string
  read(row: Row, id: string): SessionRecord<Row>
}

/** Makes a reader whose columns never mix with those of a user in the same row. */
export function sessionRows({ user, session }: Catalogue, dialect: Dialect, ids: UserIds): SessionRows {
  const prefix = aliasPrefix([...user.keys()])
  const [userId, createdAt, expiresAt] = [`${prefix}user_id`, `${prefix}created_at`, `${prefix}expires_at`]
  // Numbered, because PostgreSQL cuts a name after 63 bytes.
  const attributes = [...session.values()]
    .filter((column) => isAttribute("session", column))
    .map((column, n) => ({ name: column.name, alias: `${prefix}${n}`, read: dialect.reader(column) }))

  const select = [
    `${ids.type === "bigint" ? dialect.asText("s.user_id") : "s.user_id"} AS ${dialect.quote(userId)}`,
    `${dialect.time("s.created_at")} AS ${dialect.quote(createdAt)}`,
    `${dialect.time("s.expires_at")} AS ${dialect.quote(expiresAt)}`,
    ...attributes.map(({ name, alias }) => `s.${dialect.quote(name)} AS ${dialect.quote(alias)}`),
  ]
  return {
    select: select.join(", "),
    place: `${prefix}place`,
    read: (row, id) => ({
      id,
      userId: ids.decode(row[userId]),
      createdAt: new Date(Number(row[createdAt])),
      expiresAt: new Date(Number(row[expiresAt])),
      attributes: pick(row, attributes),
    }),
  }
}

function aliasPrefix(userColumns: string[]): string {
  let prefix = "s:"
  while (userColumns.some((name) => name.startsWith(prefix))) prefix += ":"
  return prefix
}

interface Picked {
  name: string
  alias: string
  read: ((value: unknown) => unknown) | undefined
}

function pick(row: Row, columns: Picked[]): Row {
  const picked: Row = {}
  for (const { name, alias, read } of columns) picked[name] = read ? read(row[alias]) : row[alias]
  return picked
}
