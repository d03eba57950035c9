import { setTimeout as sleep } from "node:timers/promises"
import { countingHasher } from "../users/counting-hasher.ts"
import type { Bug } from "./built-world.ts"
import { deedsOf, firstPassword } from "./deeds.ts"
import type { Drill, DrillActName } from "./drill-acts.ts"
import { actsOfUsers, drillActNames, playDrillAct } from "./drill-acts.ts"
import { checkRest } from "./drill-checks.ts"
import type { DrillCrew } from "./drill-crew.ts"
import { startDrillCrew } from "./drill-crew.ts"
import type { DrillPlace } from "./drill-places.ts"
import { createRecord } from "./drill-record.ts"
import type { DrillRecord } from "./drill-record.ts"
import { openDrillStore } from "./drill-stores.ts"
import type { DrillOrder } from "./drill-worker.ts"
import type { Seeded } from "./seeded.ts"
import { seeded } from "./seeded.ts"
import type { TcpProxy } from "./tcp-proxy.ts"
import { openTcpProxy } from "./tcp-proxy.ts"
import { createWorld } from "./world.ts"

/** How a drill goes. The same seed plays the same acts and faults, if not at the same moments. */
export interface DrillPlan {
  seed: number
  /** In milliseconds. */
  duration: number
  /** Planted in all processes. The drill is over when something was seen of it. */
  bug?: Bug | undefined
}

/** What came out of a drill. */
export interface DrillReport {
  /** Which invariants were broken. */
  broken: string[]
  /** How many acts of each name were answered, and how many calls failed. */
  answered: Record<string, number>
  failed: number
  faults: string[]
}

/** What happens to the processes and the server of a drill. */
interface Scene {
  place: DrillPlace
  proxy: TcpProxy
  crew: DrillCrew
  orders: DrillOrder[]
}

// How far the clocks of the processes are ahead: 5 minutes apart.
const clocks = [0, 300_000, -300_000]
// In milliseconds: more than half of the idle timeout, so that all sessions are due to be extended.
const leap = 1_860_000
const lanesPerProcess = 2

/** How many acts of each name must have been answered, for a drill to have shown something. */
export const enoughAnswers = 6
// In milliseconds.
const extraTime = 30_000

/** Has three processes use one store while they are killed, cut off and left without a server, and checks what is left. */
export async function runDrill(place: DrillPlace, plan: DrillPlan): Promise<DrillReport> {
  await place.reset()
  const proxy = await openTcpProxy(place.url)
  const url = new URL(place.url)
  url.port = String(proxy.port)
  const orders = clocks.map((ahead) => ({ store: place.name, url: url.href, ahead }))
  const record = createRecord()
  record.passwords.push(firstPassword, "canary zebra staple")
  await addUsers(place)
  const crew = await startDrillCrew(orders, plan.bug)
  const faults = await play({ place, proxy, crew, orders }, record, plan)
  await checkRest({ place, proxy, crew, record, ahead: leap })
  await proxy.close()
  const { broken, answered, failed } = record
  return { broken: [...broken].sort(), answered: Object.fromEntries(answered), failed, faults }
}

async function addUsers({ name, url }: DrillPlace): Promise<void> {
  if (name === "Redis") return
  const store = await openDrillStore(name, url)
  const clock = { ahead: 0, now: Date.now }
  await deedsOf(createWorld(store.adapter, clock.now, countingHasher()), clock).addUsers()
  await store.close()
}

/** Resolves to the faults, when all that was begun has ended. */
async function play(scene: Scene, record: DrillRecord, { seed, duration, bug }: DrillPlan): Promise<string[]> {
  const { place, crew } = scene
  let time = 0
  const progress = { isOver: false }
  const acts = drillActNames.filter((name) => place.name !== "Redis" || !actsOfUsers.includes(name))
  const lanes = crew.workers.flatMap((worker, n) =>
    Array.from({ length: lanesPerProcess }, async (_, lane) => {
      const drill: Drill = {
        record,
        get crew() {
          return crew.workers.map(({ deeds }) => deeds())
        },
        random: seeded(seed * 100 + n * lanesPerProcess + lane),
        tick: () => ++time,
      }
      while (!progress.isOver) await playDrillAct(drill, worker.deeds(), pickAct(drill.random, acts))
    }),
  )
  const faults = await strike(scene, seeded(seed), duration, {
    isEnough: () => bug !== undefined && record.broken.size > 0,
    // A busy machine plays less in the same time.
    isTooLittle: () => bug === undefined && acts.some((name) => (record.answered.get(name) ?? 0) < enoughAnswers),
  })
  progress.isOver = true
  await Promise.all(lanes)
  return faults
}

/** Validations and sign-ins are played more often than the rest. */
function pickAct(random: Seeded, acts: DrillActName[]): DrillActName {
  const often: DrillActName[] = ["validate", "validate", "validate", "signIn", "signIn", "createLink", "useLinkAtOnce"]
  return random.pick([...often, ...acts])!
}

/** Strikes at random until the time is over, in its first half as in its second, when the clocks have moved on. */
async function strike(
  scene: Scene,
  random: Seeded,
  duration: number,
  { isEnough, isTooLittle }: Record<"isEnough" | "isTooLittle", () => boolean>,
): Promise<string[]> {
  const struck: string[] = []
  const names = Object.keys(faultsOf) as FaultName[]
  const start = performance.now()
  const [middle, end] = [start + duration / 2, start + duration]
  let hasLeapt = false
  // Each once, before any comes again.
  let left: FaultName[] = []
  while (performance.now() < (isTooLittle() ? end + extraTime : end) && !isEnough()) {
    if (!hasLeapt && performance.now() > middle) {
      hasLeapt = true
      await moveClocks(scene)
    }
    await sleep(100 + random.below(400))
    if (left.length === 0) left = [...names]
    const [name] = left.splice(random.below(left.length), 1)
    struck.push(name!)
    await faultsOf[name!](scene, random)
  }
  if (!hasLeapt) await moveClocks(scene)
  return struck
}

async function moveClocks({ orders, crew }: Scene): Promise<void> {
  for (const order of orders) order.ahead += leap
  await Promise.all(
    crew.workers.map((worker, n) =>
      worker
        .deeds()
        .setClock(orders[n]!.ahead)
        .catch(() => undefined),
    ),
  )
}

type FaultName = keyof typeof faultsOf

const faultsOf = {
  kill: async ({ crew }: Scene, random: Seeded) => random.pick(crew.workers)?.kill(),
  killAgain: async ({ crew }: Scene, random: Seeded) => random.pick(crew.workers)?.kill(),
  cutOne: async ({ proxy }: Scene, random: Seeded) => random.pick(proxy.connections())?.cut(),
  cutAll: async ({ proxy }: Scene) => proxy.cut(),
  async swallowReplies({ proxy }: Scene, random: Seeded) {
    for (let n = 0; n < 10; n++) {
      random.pick(proxy.connections())?.swallowReply()
      await sleep(50)
    }
  },
  async stall({ proxy }: Scene, random: Seeded) {
    proxy.stall()
    await sleep(300 + random.below(500))
    // Some never come to life again.
    for (const connection of proxy.connections()) if (random.below(2)) connection.cut()
    proxy.resume()
  },
  async delay({ proxy }: Scene, random: Seeded) {
    proxy.delay(random.below(20))
    await sleep(500)
    proxy.delay(0)
  },
  async stopServer({ place }: Scene, random: Seeded) {
    await place.kill()
    await sleep(200 + random.below(500))
    await place.start()
  },
} satisfies Record<string, (scene: Scene, random: Seeded) => Promise<unknown>>
