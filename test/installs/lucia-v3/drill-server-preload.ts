// Controls a server from outside for a drill: chooses the package behind a name, moves the clock, pauses and kills.
import { createRequire, registerHooks } from "node:module"

const aliases = JSON.parse(process.env.DRILL_ALIASES ?? "{}")
registerHooks({
  resolve: (specifier, context, next) =>
    next(Object.hasOwn(aliases, specifier) ? aliases[specifier] : specifier, context),
})

let offset = Number(process.env.DRILL_CLOCK ?? 0)
const machineNow = Date.now
Date.now = () => machineNow() + offset
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length > 0 ? args : [Date.now()], newTarget),
})

/** What the drill asks for. */
interface Order {
  clock?: number
  dieAfter?: string
  pauseBefore?: string
  resume?: boolean
}

let dieAfter: string | null = null
let pauseBefore: string | null = null
let resume: (value?: unknown) => void
const fromServer = createRequire(process.argv[1])
const { prototype: database } = fromServer("better-sqlite3")
const { prototype: pool } = fromServer("pg").Pool
const { prepare } = database
const { query } = pool

database.prepare = function (sql) {
  const statement = prepare.call(this, sql)
  if (!isLast(sql)) return statement
  return { run: (...args) => die(statement.run(...args)) }
}
pool.query = async function (sql, ...args) {
  if (pauseBefore !== null && String(sql).startsWith(pauseBefore)) await pause()
  const result = await query.call(this, sql, ...args)
  return isLast(sql) ? die(result) : result
}

function isLast(sql) {
  return dieAfter !== null && typeof sql === "string" && sql.startsWith(dieAfter)
}

function die(done?: unknown): void {
  process.kill(process.pid, "SIGKILL")
}

async function pause() {
  pauseBefore = null
  process.send?.({ paused: true })
  await new Promise((resolve) => (resume = resolve))
}

process.on("message", (order: Order) => {
  if (order.clock !== undefined) offset = order.clock
  if (order.dieAfter !== undefined) dieAfter = order.dieAfter
  if (order.pauseBefore !== undefined) pauseBefore = order.pauseBefore
  if (order.resume) resume()
  process.send?.({ done: order })
})
process.on("disconnect", () => process.exit())
