import type { UserIds } from "../port/user-ids.ts"
import type { Catalogue } from "./catalogue.ts"
import type { Dialect } from "./dialect.ts"
import type { Row } from "./executor.ts"

/** Selects the columns of user `u`, and reads them back: `null` where a join found no user. */
export interface UserRows {
  select: string
  read(row: Row): Row | null
}

/** Makes a reader of the application's rows, under the names that its table gives the columns. */
export function userRows({ user }: Catalogue, dialect: Dialect, ids: UserIds): UserRows {
  const names = [...user.keys()]
  const readers = [...user.values()].flatMap((column) => {
    const read = dialect.reader(column)
    return read ? [{ name: column.name, read }] : []
  })
  const expression = (name: string) =>
    name === "id" && ids.type === "bigint" ? dialect.asText("u.id") : `u.${dialect.quote(name)}`
  return {
    select: names.map((name) => `${expression(name)} AS ${dialect.quote(name)}`).join(", "),
    read(row) {
      if (row.id === null) return null
      const user: Row = {}
      for (const name of names) user[name] = row[name]
      for (const { name, read } of readers) user[name] = read(user[name])
      user.id = ids.decode(row.id)
      return user
    },
  }
}
