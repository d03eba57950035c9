import type { SessionRecord } from "../../src/core/ports.ts"
import type { UserIds } from "../port/user-ids.ts"
import type { Catalogue } from "./catalogue.ts"
import { isAttribute } from "./catalogue.ts"
import type { Dialect } from "./dialect.ts"
import type { Row } from "./executor.ts"

/** Selects the columns of user `u`, and reads them back under their names in the table. */
export function userReader({ user }: Catalogue, dialect: Dialect, ids: UserIds) {
  const names = [...user.keys()]
  const readers = [...user.values()].flatMap((column) => {
    const read = dialect.reader(column)
    return read ? [{ name: column.name, read }] : []
  })
  const expression = (name: string) =>
    name === "id" && ids.type === "bigint" ? dialect.asText("u.id") : `u.${dialect.quote(name)}`
  return {
    select: names.map((name) => `${expression(name)} AS ${dialect.quote(name)}`).join(", "),
    /** Reads a user; `null` if the join found none. */
    read(row: Row): Row | null {
      if (row.id === null) return null
      const user: Row = {}
      for (const name of names) user[name] = row[name]
      for (const { name, read } of readers) user[name] = read(user[name])
      user.id = ids.decode(row.id)
      return user
    },
  }
}

/** Selects the columns of session `s`, and reads them back. Their aliases never collide with a user's columns. */
export function sessionReader({ user, session }: Catalogue, dialect: Dialect, ids: UserIds) {
  const prefix = aliasPrefix([...user.keys()])
  const [userId, createdAt, expiresAt] = [`${prefix}user_id`, `${prefix}created_at`, `${prefix}expires_at`]
  // Numbered, because PostgreSQL truncates a name after 63 bytes.
  const attributes = [...session.values()]
    .filter((column) => isAttribute("session", column))
    .map((column, n) => ({ name: column.name, alias: `${prefix}${n}`, read: dialect.reader(column) }))

  const select = [
    `${ids.type === "bigint" ? dialect.asText("s.user_id") : "s.user_id"} AS ${dialect.quote(userId)}`,
    `${dialect.time("s.created_at")} AS ${dialect.quote(createdAt)}`,
    `${dialect.time("s.expires_at")} AS ${dialect.quote(expiresAt)}`,
    ...attributes.map(({ name, alias }) => `s.${dialect.quote(name)} AS ${dialect.quote(alias)}`),
  ]
  function attributesOf(row: Row): Row {
    const values: Row = {}
    for (const { name, alias, read } of attributes) values[name] = read ? read(row[alias]) : row[alias]
    return values
  }
  return {
    select: select.join(", "),
    /** The name of the column that shows which of several ids a row belongs to. */
    place: `${prefix}place`,
    read: (row: Row, id: string): SessionRecord<Row> => ({
      id,
      userId: ids.decode(row[userId]),
      createdAt: new Date(Number(row[createdAt])),
      expiresAt: new Date(Number(row[expiresAt])),
      attributes: attributesOf(row),
    }),
  }
}

function aliasPrefix(userColumns: string[]): string {
  let prefix = "s:"
  while (userColumns.some((name) => name.startsWith(prefix))) prefix += ":"
  return prefix
}
