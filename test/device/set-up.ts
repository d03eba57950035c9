import { memoryAdapter } from "../../adapters/memory.ts"
import { createDeviceBinding, deviceKey } from "../../src/device.ts"
import type { DeviceMode, DeviceRow } from "../../src/device.ts"
import { createAuth } from "../../src/index.ts"
import type { AuthEvent } from "../../src/index.ts"
import { manualClock } from "../../src/testing.ts"
import { createWebAuth } from "../../src/web.ts"
import type { CookieOptions } from "../../src/core/cookie.ts"
import type { SessionOptions } from "../../src/core/expiry.ts"
import { createDeviceBrowser } from "./device-browser.ts"
import type { Serve } from "./device-browser.ts"
import { door } from "../../src/core/door.ts"
import { assurance } from "../../src/sign-in.ts"
import type { AssuranceRow } from "../../src/sign-in.ts"

export interface UserRow {
  id: string
}

export interface SessionRow extends DeviceRow, AssuranceRow {
  label?: string | null
}

export type TestStore = ReturnType<typeof memoryAdapter<UserRow, SessionRow>>

export const second = 1000
export const minute = 60 * second

/** Makes a secret of one byte, repeated and counted up. */
export function secretOf(seed: number): Uint8Array {
  return new Uint8Array(32).map((_, n) => seed + n)
}

/** What a test changes of {@link setUp}. */
export interface Changes {
  mode?: DeviceMode
  /** `false`: an application that binds nothing. Default `true`. */
  binds?: boolean
  cookie?: CookieOptions
  session?: SessionOptions
  cookieLife?: "5m" | "10m" | "30m"
  path?: string
  /** The store. Default one in memory. */
  store?: TestStore
  /** Replaces methods of the store. */
  adapter?: (store: TestStore) => Partial<TestStore>
}

/**
 * An application whose sessions live in memory: `POST /sign-in` signs `ada` in, `/` says who is signed in, and `/out` signs
 * out. Browsers of {@link createDeviceBrowser} visit it.
 */
export async function setUp({
  mode = "enforce",
  binds = true,
  cookie = {},
  session = {},
  cookieLife,
  path,
  store: memory = memoryAdapter<UserRow, SessionRow>(),
  adapter: replaced = () => ({}),
}: Changes = {}) {
  const now = manualClock()
  const calls: string[] = []
  const events: AuthEvent[] = []
  await memory.insertUser({ id: "ada", attributes: {} }, null)
  const store: TestStore = { ...memory, ...replaced(memory) }
  const adapter = Object.fromEntries(
    Object.entries(store).map(([name, value]) => [
      name,
      typeof value === "function"
        ? (...args: never[]) => {
            calls.push(name)
            return (value as (...values: never[]) => unknown)(...args)
          }
        : value,
    ]),
  ) as typeof memory
  const auth = createAuth({
    adapter,
    cookie,
    session,
    now,
    onEvent: (event) => events.push(event),
    getSessionAttributes: (row: SessionRow) => ({ ...deviceKey(row), ...assurance(row), label: row.label ?? null }),
  })
  let secrets: Uint8Array[] = [secretOf(1)]
  const makeDevice = () => createDeviceBinding({ auth, secrets, mode, cookieLife, path })
  let device = makeDevice()
  let web = createWebAuth(auth, binds ? { device } : {})
  let serve = makeServer()

  // As createSignIn() does it when a password was right.
  const confirm = {
    async elevate({ sessionToken }: { sessionToken: string }) {
      const [inside] = auth[door]()
      return inside.rotateSession(sessionToken, { authenticated_at: now() })
    },
  }

  function makeServer(): Serve {
    web = createWebAuth(auth, binds ? { device } : {})
    return web.handler(async (request, visitor) => {
      const { pathname } = new URL(request.url)
      if (pathname.endsWith("/sign-in")) {
        await visitor.signIn("ada")
        return Response.redirect(new URL(".", request.url), 303)
      }
      if (pathname === "/out") await visitor.signOut()
      if (pathname === "/elevate") return Response.json(await visitor.elevate(confirm, null))
      if (pathname === "/rotate") return Response.json((await visitor.rotate()) !== null)
      const member = await visitor.validate()
      return new Response(member ? member.user.id : "nobody")
    })
  }

  const open: Serve = (request) => serve(request)
  return {
    auth,
    now,
    calls,
    events,
    memory,
    device: () => device,
    web: () => web,
    serve: open,
    /** Starts the server again, with other secrets. */
    restart(...others: Uint8Array[]) {
      if (others.length > 0) secrets = others
      device = makeDevice()
      serve = makeServer()
    },
    openBrowser: (options: { binds?: boolean } = {}) => createDeviceBrowser(open, { now, ...options }),
    types: () => events.map(({ type }) => type),
  }
}
