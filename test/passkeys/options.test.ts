import { describe, expect, test } from "vitest"

import { memoryAdapter } from "../../adapters/memory.ts"
import { createPasskeys } from "../../src/passkeys.ts"
import type { PasskeysOptions } from "../../src/passkeys.ts"
import { site } from "./set-up.ts"

const adapter = memoryAdapter<{ id: string }>()
const make = (changes: object) => () =>
  createPasskeys({ adapter, ...site, ...changes } as PasskeysOptions<{ id: string }>)

describe("createPasskeys()", () => {
  test.each([
    ["example.com", ["https://example.com"]],
    ["example.com", ["https://example.com:8443", "https://a.b.example.com"]],
    ["localhost", ["http://localhost", "http://localhost:3000", "https://localhost"]],
    ["app.localhost", ["http://app.localhost:3000"]],
    ["xn--bcher-kva.example", ["https://xn--bcher-kva.example"]],
    ["example.com", ["https://example.com", `android:apk-key-hash:${"A_-9".repeat(10)}abc`]],
  ])("takes the rpId %s with the origins %j", (rpId, origins) => {
    expect(make({ rpId, origins })).not.toThrow()
  })

  test.each([
    ["rpId", { rpId: "https://example.com" }],
    ["rpId", { rpId: "example.com:8443" }],
    ["rpId", { rpId: "Example.com" }],
    ["rpId", { rpId: "bücher.example" }],
    ["rpId", { rpId: "" }],
    ["rpId", { rpId: undefined }],
    ["rpId", { rpId: "127.0.0.1" }],
    ["rpId", { rpId: "[::1]" }],
    ["rpId", { rpId: "example.com/" }],
    ["rpId", { rpId: "*.example.com" }],
    ["rpName", { rpName: "" }],
    ["rpName", { rpName: undefined }],
    ["origins", { origins: [] }],
    ["origins", { origins: undefined }],
    ["origins", { origins: "https://example.com" }],
    ["origins", { origins: ["https://example.com/"] }],
    ["origins", { origins: ["https://EXAMPLE.com"] }],
    ["origins", { origins: ["https://example.com:443"] }],
    ["origins", { origins: ["http://example.com"] }],
    ["origins", { origins: ["example.com"] }],
    ["origins", { origins: [undefined] }],
    ["origins", { origins: [new URL("https://example.com")] }],
    ["origins", { rpId: "null", origins: ["example.com"] }],
    ["origins", { origins: ["https://*.example.com"] }],
    ["origins", { origins: ["https://badexample.com"] }],
    ["origins", { origins: ["https://example.com.evil.test"] }],
    ["origins", { origins: ["https://example.com", "https://example.org"] }],
    ["origins", { rpId: "app.example.com", origins: ["https://example.com"] }],
    ["origins", { rpId: "localhost", origins: ["http://notlocalhost"] }],
    ["origins", { origins: ["android:apk-key-hash:short"] }],
    ["origins", { origins: ["ios:bundle-id:com.example"] }],
    ["secrets", { secrets: [] }],
    ["secrets", { secrets: ["too short"] }],
    ["secrets", { secrets: [undefined] }],
    ["realm", { realm: "" }],
    ["createPasskeys()", { rpID: "example.com" }],
  ])("refuses the option %s of %j", (option, changes) => {
    const message = expect.stringMatching(`^${option.replace("()", ".*")}`) as string
    expect(make(changes)).toThrow(expect.objectContaining({ code: "invalid_option", message }))
  })

  test("says which method an adapter or an auth lacks", () => {
    const { insertPasskey: _, ...lacking } = adapter
    const code = "missing_port"
    expect(make({ adapter: lacking })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/insertPasskey/) }),
    )
    expect(make({ auth: {} })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/getUserSessions/) }),
    )
  })
})
