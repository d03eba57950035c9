import { describe, expect, test } from "vitest"
import { memoryAdapter } from "../../adapters/memory.ts"
import { createDeviceBinding, deviceKey } from "../../src/device.ts"
import type { DeviceRow } from "../../src/device.ts"
import { createHonoAuth } from "../../src/hono.ts"
import { createAuth } from "../../src/index.ts"
import { createPagesAuth } from "../../src/next/pages.ts"
import { createAuthProxy } from "../../src/next/proxy.ts"
import { createNodeAuth } from "../../src/node.ts"
import { createWebAuth } from "../../src/web.ts"
import { secretOf } from "./set-up.ts"
import type { SessionRow, UserRow } from "./set-up.ts"

const auth = createAuth({
  adapter: memoryAdapter<UserRow, SessionRow>(),
  getSessionAttributes: (row: DeviceRow) => deviceKey(row),
})
const options = { auth, secrets: [secretOf(1)], mode: "observe" } as const
const invalid = (message: string | RegExp) =>
  expect.objectContaining({ code: "invalid_option", message: expect.stringMatching(message) })

describe("createDeviceBinding() names an option that is missing or of another kind", () => {
  test.each([
    [{ secrets: undefined }, /^secrets: not a list of one secret or more; make one with /],
    [{ secrets: [undefined] }, /^secrets\[0\]: missing, because it is undefined; make one with /],
    [{ secrets: "the secret itself, and not in a list" }, /^secrets: not a list of one secret or more; make one with /],
    [{ mode: undefined }, /^mode: undefined is unknown; use "observe" or "enforce"$/],
    [{ mode: "enforced" }, /^mode: "enforced" is unknown; use "observe" or "enforce"$/],
    [{ cookieLife: "1m" }, /^cookieLife: "1m" is too short for browsers; use at least "5m"$/],
    [{ cookieLife: "ten minutes" }, /^cookieLife: "ten minutes" is not a duration; use one such as /],
    [{ path: "auth/device" }, /^path: "auth\/device" is not a path below cookie\.path$/],
    [{ path: null }, /^path: null is not a path below cookie\.path$/],
    [{ life: "10m" }, /^createDeviceBinding\(\): "life" is not an option; /],
  ])("%j", (change, message) => {
    expect(() => createDeviceBinding({ ...options, ...change } as unknown as typeof options)).toThrow(invalid(message))
  })

  test("and says which auth it needs", () => {
    const call = () => createDeviceBinding({ ...options, auth: undefined } as unknown as typeof options)
    expect(call).toThrow(expect.objectContaining({ code: "unsupported", message: expect.stringMatching(/^auth: /) }))
  })
})

describe.each([null, "/auth/device", {}, { path: "/auth/device" }, auth])("%j is no device", (device) => {
  const keepers = { device } as unknown as { device?: undefined }

  test.each([
    ["createWebAuth()", () => createWebAuth(auth, keepers)],
    ["createNodeAuth()", () => createNodeAuth(auth, keepers)],
    ["createHonoAuth()", () => createHonoAuth(auth, keepers)],
    ["createPagesAuth()", () => createPagesAuth(auth, { signInPath: "/sign-in", ...keepers })],
  ])("for %s", (_, make) => {
    expect(make).toThrow(invalid(/^device: (null|object|"\/auth\/device") is not an instance; use what createDevice/))
  })
})

test.each([null, "/auth/device", {}, { path: 7 }, { path: "auth/device" }, { path: "//example.com" }])(
  "%j is no device for createAuthProxy()",
  (device) => {
    const proxy = () =>
      createAuthProxy({ publicPaths: ["/"], signInPath: "/sign-in", device: device as { path: string } })
    expect(proxy).toThrow(invalid(/^device\.path: .+ is not a path; use what createDeviceBinding\(\) returned$/))
  },
)
