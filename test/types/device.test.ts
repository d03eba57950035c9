import { expectTypeOf, test, vi } from "vitest"

import { memoryAdapter } from "../../adapters/memory.ts"
import { createDeviceBinding, deviceColumns, deviceKey } from "../../src/device.ts"
import type { BoundDevice, DeviceBinding, DeviceCheck, DeviceMode, DeviceReason, DeviceRow } from "../../src/device.ts"
import { createAuth } from "../../src/index.ts"
import { createHonoAuth } from "../../src/hono.ts"
import { createNextAuth } from "../../src/next.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { createAuthProxy } from "../../src/next/proxy.ts"
import { createNodeAuth } from "../../src/node.ts"
import { createStatelessAuth } from "../../src/stateless.ts"
import { createWebAuth } from "../../src/web.ts"

vi.mock("#next/navigation", () => ({}))
vi.mock("next/cache.js", () => ({ io: undefined }))
vi.mock("next/headers.js", () => ({ headers: undefined, cookies: undefined }))

interface SessionRow extends DeviceRow {
  label?: string | null
}

const secrets = ["0123456789abcdef0123456789abcdef"]
const adapter = memoryAdapter<{ id: number }, SessionRow>()
const auth = createAuth({ adapter, getSessionAttributes: (row) => ({ ...deviceKey(row), label: row.label }) })
const hidden = createAuth({ adapter, getSessionAttributes: (row) => ({ label: row.label }) })
const other = createAuth({ adapter: memoryAdapter<{ id: string }, SessionRow>(), getSessionAttributes: deviceKey })
const device = createDeviceBinding({ auth, secrets, mode: "observe" })

// The names are what is promised to a user; the compiler checks the bodies, which are not run.
test("a session shows its key, which is text or null", () => {
  void (async () => {
    const { session } = await auth.validateSession("")
    expectTypeOf(session!.deviceKey).toEqualTypeOf<string | null>()
    expectTypeOf<BoundDevice>().toEqualTypeOf<{ deviceKey: string | null }>()
    expectTypeOf(deviceColumns).toEqualTypeOf<{ readonly device_key: "TEXT" }>()
  })
})

test("an auth that does not show deviceKey is a type error, and so is one without a database", () => {
  void (() => {
    // @ts-expect-error: getSessionAttributes shows no deviceKey
    createDeviceBinding({ auth: hidden, secrets, mode: "observe" })
    // @ts-expect-error: it stores no sessions
    createDeviceBinding({ auth: createStatelessAuth({ secrets }), secrets, mode: "observe" })
  })
})

test("the mode is to be chosen, and lengths of time are spelt as everywhere", () => {
  void (() => {
    expectTypeOf<DeviceMode>().toEqualTypeOf<"observe" | "enforce">()
    // @ts-expect-error: no mode
    createDeviceBinding({ auth, secrets })
    // @ts-expect-error: no such mode
    createDeviceBinding({ auth, secrets, mode: "strict" })
    // @ts-expect-error: no unit
    createDeviceBinding({ auth, secrets, mode: "observe", cookieLife: "10 minutes" })
    createDeviceBinding({
      auth,
      secrets: [process.env.AUTH_SECRET],
      mode: "observe",
      cookieLife: "15m",
      path: undefined,
    })
  })
})

test("every wrapper takes it, and none takes that of another auth", () => {
  void (() => {
    createWebAuth(auth, { device })
    createNodeAuth(auth, { device })
    createHonoAuth(auth, { device })
    createNextAuth(auth, { signInPath: "/", device })
    createPagesAuth(auth, { signInPath: "/", device })
    // @ts-expect-error: its users have ids of another type
    createWebAuth(other, { device })
    // @ts-expect-error: its sessions show no key
    createWebAuth(hidden, { device })
    // @ts-expect-error: no binding
    createNodeAuth(auth, { device: { path: "/auth/device" } })
  })
})

test("the proxy needs the path alone", () => {
  void (() => {
    createAuthProxy({ publicPaths: [], signInPath: "/", device })
    createAuthProxy({ publicPaths: [], signInPath: "/", device: { path: "/auth/device" } })
    // @ts-expect-error: no path
    createAuthProxy({ publicPaths: [], signInPath: "/", device: {} })
  })
})

test("the handler is a route", () => {
  expectTypeOf(device.handler).toExtend<(request: Request) => Promise<Response>>()
  expectTypeOf(device).toExtend<
    DeviceBinding<NonNullable<Awaited<ReturnType<typeof auth.validateSession>>["session"]>>
  >()
})

test("a check has a time or a way to one, and which of the two is known from the time", () => {
  void ((check: DeviceCheck) => {
    if (check.provenAt) expectTypeOf(check).toEqualTypeOf<{ provenAt: Date; redirect?: undefined }>()
    else expectTypeOf(check.redirect).toEqualTypeOf<Response | null>()
  })
  expectTypeOf<"forged" | "bearer">().toExtend<DeviceReason>()
})
