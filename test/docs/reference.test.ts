import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { describe, expect, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { docs } from "../../docs/.vitepress/pages.ts"
import { root } from "../package/tarball.ts"

const code = globSync(["src/**/*.ts", "adapters/**/*.ts"], { cwd: root }).map((file) => read(join(root, file)))
const sources = code
  .join("\n")
  .replaceAll(/\\(["'`])/g, "$1")
  .replaceAll(/" \+\s*[`"]/g, "")

describe("docs/reference", () => {
  test("index.md names each entry of the package, and nothing else", () => {
    const exported = Object.keys(manifest.exports).filter((path) => path !== "./package.json")
    expect(firstCells("index.md").toSorted()).toEqual(
      exported.map((path) => path.replace(".", "nightlatch")).toSorted(),
    )
  })

  test("errors/ has a page for each error code, and no other", () => {
    const pages = globSync("reference/errors/*.md", { cwd: docs }).map((page) => basename(page, ".md"))
    expect(pages.filter((page) => page !== "index").toSorted()).toEqual(codesOf("AuthErrorCode"))
    expect(firstCells("errors/index.md").toSorted()).toEqual(codesOf("AuthErrorCode"))
  })

  test.each(codesOf("AuthErrorCode"))("errors/%s.md quotes messages that the code has", (page) => {
    const messages = firstCells(`errors/${page}.md`)
    expect(messages).not.toEqual([])
    const parts = messages.flatMap(partsOf)
    expect(parts.filter((part) => !sources.includes(part))).toEqual([])
  })

  test("events.md describes each type of event, and no other", () => {
    const fields = ["at", "providerId", "purpose", "reason", "request", "sessionId", "type", "userId"]
    expect(firstCells("events.md").toSorted()).toEqual([...codesOf("AuthEventType"), ...fields].toSorted())
  })

  test.each(codesOf("AuthEventType"))("the code emits %s", (type) => {
    expect(sources).toMatch(new RegExp(`(?:emit|tell|issue)\\(\\s*"${type}"|type: "${type}"`))
  })

  test("reasons.md describes each reason that a type has, and no other", () => {
    const named = [
      "RejectionReason",
      "DeviceReason",
      "PasswordReason",
      "KeyReason",
      "CreateKeyReason",
      "RenameKeyReason",
      "TokenRefusal",
      "SecondFactorRefusal",
      "CodeRefusal",
      "TotpReason",
      "OAuthRefusal",
    ].flatMap(codesOf)
    const inline = [...sources.matchAll(/; reason: ([^}\n]+) \}>/g)].flatMap(([, type = ""]) => stringsOf(type))
    expect(inline).toContain("last_key")
    expect([...new Set(firstCells("reasons.md"))].toSorted()).toEqual([...new Set([...named, ...inline])].toSorted())
  })
})

/** The strings of a union type, from where it is declared. */
function codesOf(type: string): string[] {
  const [, declared = ""] = new RegExp(`^export type ${type} =(.*?)(?=\\n\\n)`, "ms").exec(sources) ?? []
  return stringsOf(declared).toSorted()
}

function stringsOf(type: string): string[] {
  return [...type.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name)
}

/** What stands as code in the first cell of the rows of a page's tables. */
function firstCells(page: string): string[] {
  const rows = read(join(docs, "reference", page)).matchAll(/^\| \[?`(.+?)`(?:\]\([^)]*\))? +\|/gm)
  return [...rows].map(([, name = ""]) => name)
}

/** The parts of a message that stand in the code: the last name of an option's path, the problem and the cure. */
function partsOf(message: string): string[] {
  const [, option = "", text = message] = /^(?:\w+\.)?(\w+)(?=[:[])(.*)$/.exec(message) ?? []
  return [option, ...text.split(/[…";\]]+|^:/).map((part) => part.replace(/^: /, "").trim())]
}

function read(file: string): string {
  return readFileSync(file, "utf8")
}
