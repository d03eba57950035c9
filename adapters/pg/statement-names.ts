import { isPooled, isStalePlan } from "../sql/prepared.ts"

/** The names under which statements are prepared. */
export interface StatementNames {
  /** The name of a statement; `undefined` where it is to go without. */
  of(sql: string): string | undefined
  /** Whether the server refused a statement because of what it has prepared under this name, or has not. */
  isRefused(error: unknown): boolean
}

// Far more than the adapter's statements and the sets of attributes of any application: each stays on the server.
const maxNames = 500

/** Makes names that nobody else uses on the same connections. */
export function statementNames(): StatementNames {
  let names = new Map<string, string>()
  // Made when it is needed: Cloudflare Workers draw no random numbers while a module loads.
  let prefix: string | undefined
  let isGivenUp = false
  return {
    of(sql) {
      if (isGivenUp) return undefined
      const known = names.get(sql)
      if (known !== undefined || names.size === maxNames) return known
      const name = `${(prefix ??= newPrefix())}${names.size}`
      names.set(sql, name)
      return name
    },
    isRefused(error) {
      if (isPooled(error)) isGivenUp = true
      else if (isStalePlan(error)) [names, prefix] = [new Map(), undefined]
      else return false
      return true
    },
  }
}

function newPrefix(): string {
  const random = crypto.getRandomValues(new Uint32Array(2))
  return `nightlatch_${random.join("_")}_`
}
