/** Reads an id as columns do that ignore case, blanks around it, accents and the width of characters. */
function fold(id: unknown): string {
  return String(id).normalize("NFKD").replaceAll(/\p{M}/gu, "").trim().toLowerCase()
}

/** A map that takes such ids for equal, as the table of a column that is not exact. */
export function inexactMap<Value>(rows: Map<string, Value>): Map<string, Value> {
  const nameOf = (id: string) => [...rows.keys()].find((key) => fold(key) === fold(id)) ?? id
  const [get, has, set, remove] = [rows.get, rows.has, rows.set, rows.delete].map((method) => method.bind(rows)) as [
    typeof rows.get,
    typeof rows.has,
    typeof rows.set,
    typeof rows.delete,
  ]
  return Object.assign(rows, {
    get: (id: string) => get(nameOf(id)),
    has: (id: string) => has(nameOf(id)),
    set: (id: string, value: Value) => set(nameOf(id), value),
    delete: (id: string) => remove(nameOf(id)),
  })
}

type Method = (...values: unknown[]) => unknown

/** The same adapter over such a column, whose rows `ids` lists: the ids that are asked for become those of the rows. */
export function inexactAdapter<Adapter extends object>(
  adapter: Adapter,
  methods: string[],
  ids: () => string[],
): Adapter {
  const nameOf = (id: unknown) => ids().find((known) => fold(known) === fold(id)) ?? id
  const over = Object.entries(adapter).map(([name, method]: [string, Method]) =>
    methods.includes(name) ? [name, (id: unknown, ...rest: unknown[]) => method(nameOf(id), ...rest)] : [name, method],
  )
  return Object.fromEntries(over) as Adapter
}

/** What such a column takes for this id, besides the id itself. */
export function spellingsOf(id: string): string[] {
  const wide = String.fromCodePoint(id.codePointAt(0)! + 0xfee0) + id.slice(1)
  return [id.toUpperCase(), `${id} `, ` ${id}`, `${id}\t`, `${id}\n`, wide, `${id[0]}\u0301${id.slice(1)}`].filter(
    (spelling) => spelling !== id,
  )
}
