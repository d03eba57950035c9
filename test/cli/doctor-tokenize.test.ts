import { execFileSync } from "node:child_process"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { isCode } from "../../src/cli/doctor/token.ts"
import { tokenize } from "../../src/cli/doctor/tokenize.ts"
import { root } from "../package/tarball.ts"

const shown = (text: string, jsx = true) =>
  tokenize(text, { jsx })
    .filter(isCode)
    .map((token) => token.text)

const joined = (text: string, jsx: boolean) =>
  tokenize(text, { jsx })
    .map((token) => token.text)
    .join("")

describe("tokens", () => {
  test.each([
    ["a /b/ c", ["a", "/", "b", "/", "c"]],
    ["x = /b\\/[/]'/g.test(c)", ["x", "=", "/b\\/[/]'/g", ".", "test", "(", "c", ")"]],
    ["return /'/", ["return", "/'/"]],
    ["list[0] / 2 / 'x'", ["list", "[", "0", "]", "/", "2", "/", "'x'"]],
    ["promise.return / 2 / 1", ["promise", ".", "return", "/", "2", "/", "1"]],
    ["a > /'/", ["a", ">", "/'/"]],
    ["`a${b}c`", ["`a", "${", "b", "}", "c`"]],
    ["`${`${a}` + {}}`", ["`", "${", "`", "${", "a", "}", "`", "+", "{", "}", "}", "`"]],
    ["'it\\'s' \"a'b\"", ["'it\\'s'", '"a\'b"']],
    ["'open\nnext", ["'open", "next"]],
    ["a?.b ?? c?.5:1", ["a", "?.", "b", "??", "c", "?", ".5", ":", "1"]],
    ["#private in this", ["#private", "in", "this"]],
    ["/* ' */ a // `\nb", ["a", "b"]],
    ["1_000n + 0xFF + 1e-5", ["1_000n", "+", "0xFF", "+", "1e-5"]],
    ["größe", ["größe"]],
  ])("%s", (text, tokens) => {
    expect(shown(text, false)).toEqual(tokens)
    expect(shown(text, true)).toEqual(tokens)
  })

  test.each([
    ["<p>Don't</p>", ["<", "p", ">", "Don't", "</", "p", ">"]],
    ["<>`{a}`</>", ["<", ">", "`", "{", "a", "}", "`", "</", ">"]],
    ["<A b='\\' c={`d`} />", ["<", "A", "b", "=", "'\\'", "c", "=", "{", "`d`", "}", "/", ">"]],
    ["<A<B> c />", ["<", "A", "<", "B", ">", "c", "/", ">"]],
    ["<T,>(a: T) => '<'", ["<", "T", ",", ">", "(", "a", ":", "T", ")", "=>", "'<'"]],
    ["<T extends {}>(a: T) => 1", ["<", "T", "extends", "{", "}", ">", "(", "a", ":", "T", ")", "=>", "1"]],
    ["type F = <T>(a: T) => 'x'", ["type", "F", "=", "<", "T", ">", "(", "a", ":", "T", ")", "=>", "'x'"]],
    ["a < b && c > d", ["a", "<", "b", "&&", "c", ">", "d"]],
    ["f<string>('a')", ["f", "<", "string", ">", "(", "'a'", ")"]],
    ["(<b/>) / 2 / 1", ["(", "<", "b", "/", ">", ")", "/", "2", "/", "1"]],
  ])("of JSX: %s", (text, tokens) => {
    expect(shown(text)).toEqual(tokens)
  })

  test("know their line, after every kind of line break in a token", () => {
    const lines = tokenize("`a\nb` /*\n*/ c\r\n'd\\\ne' f", { jsx: false }).filter(isCode)
    expect(lines.map(({ text, line }) => `${line} ${text}`)).toEqual(["1 `a\nb`", "3 c", "4 'd\\\ne'", "5 f"])
  })
})

const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n").filter(Boolean)
const texts = files
  .map((file) => join(root, file))
  .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() && statSync(file).size < 300_000)
  .map((file) => readFileSync(file, "utf8"))
const characters = "'\"`/<>{}()[]$\\\n=!?.:,*#".split("")
const pieces = fc.constantFrom(...characters, "${", "</", "/>", "/*", "*/", "//", "=>", "<a>", "é")

describe("no character is lost", () => {
  test("of any file of this repository", () => {
    expect(texts.length).toBeGreaterThan(300)
    for (const text of texts) for (const jsx of [true, false]) expect(joined(text, jsx) === text).toBe(true)
  })

  test("of files that are cut, and have characters put in and taken out", () => {
    const sample = texts.filter((text) => text.length > 0 && text.length < 20_000)
    const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), put: pieces, take: fc.nat(3) })
    const property = fc.property(fc.constantFrom(...sample), fc.array(change, { maxLength: 12 }), (text, changes) => {
      let mutated = text
      for (const { at, put, take } of changes) {
        const place = Math.floor(at * mutated.length)
        mutated = mutated.slice(0, place) + put + mutated.slice(place + take)
      }
      for (const jsx of [true, false]) expect(joined(mutated, jsx) === mutated).toBe(true)
    })
    fc.assert(property, { numRuns: 300 })
  }, 60_000)

  test("of any mixture of quotes, brackets and tags", () => {
    const mixture = fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 200 })
    const property = fc.property(mixture, fc.boolean(), (parts, jsx) => {
      expect(joined(parts.join(""), jsx)).toBe(parts.join(""))
    })
    fc.assert(property, { numRuns: 1000 })
  })
})

const openings = [
  "'",
  '"',
  "`",
  "`${",
  "/",
  "/*",
  "//\n",
  "<a>",
  "<a ",
  "<a b='",
  "</a",
  "{",
  "[",
  "(",
  "\\",
  "a.",
  "1e-",
]

const length = 200_000
const ordinary = texts
  .filter((text) => text.startsWith("import "))
  .join("")
  .repeat(3)
  .slice(0, length)

const time = (text: string) => {
  const start = performance.now()
  tokenize(text, { jsx: true })
  return performance.now() - start
}
const least = (text: string) => Math.min(time(text), time(text))
const leastOrdinary = least(ordinary)

test.each([...openings, "<T extends ", "a /b", "[^/"])("nothing but %j is read as fast as other text", (part) => {
  // It may have ten times as many tokens. What is read once for each of its characters takes a thousand times as long.
  expect(least(part.repeat(length / part.length)) / leastOrdinary).toBeLessThan(50)
})
