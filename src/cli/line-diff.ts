const context = 3

/** A line of both texts, or of only the old or the new one. */
interface Line {
  mark: " " | "-" | "+"
  text: string
}

/** Formats the differences of two texts as `diff -u` does, without file names. */
export function diffLines(before: string, after: string): string {
  const lines = compare(linesOf(before), linesOf(after))
  return hunksOf(lines)
    .map(([start, end]) => hunk(lines, start, end))
    .join("")
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, "").split("\n")
}

// Uses the longest common subsequence, which is fast enough because source files are short.
function compare(before: string[], after: string[]): Line[] {
  const lengths = commonLengths(before, after)
  const lines: Line[] = []
  let [at, to] = [0, 0]
  while (at < before.length || to < after.length) {
    if (at < before.length && before[at] === after[to]) {
      lines.push({ mark: " ", text: before[at++]! })
      to++
    } else if (to >= after.length || (at < before.length && lengths[at + 1]![to]! >= lengths[at]![to + 1]!)) {
      lines.push({ mark: "-", text: before[at++]! })
    } else lines.push({ mark: "+", text: after[to++]! })
  }
  return lines
}

function commonLengths(before: string[], after: string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () => Array<number>(after.length + 1).fill(0))
  for (let at = before.length - 1; at >= 0; at--) {
    for (let to = after.length - 1; to >= 0; to--) {
      const isSame = before[at] === after[to]
      lengths[at]![to] = isSame ? lengths[at + 1]![to + 1]! + 1 : Math.max(lengths[at + 1]![to]!, lengths[at]![to + 1]!)
    }
  }
  return lengths
}

function hunksOf(lines: Line[]): [start: number, end: number][] {
  const hunks: [number, number][] = []
  for (const [at, { mark }] of lines.entries()) {
    if (mark === " ") continue
    const last = hunks.at(-1)
    const end = Math.min(at + context + 1, lines.length)
    if (last && at - context <= last[1]) last[1] = end
    else hunks.push([Math.max(at - context, 0), end])
  }
  return hunks
}

function hunk(lines: Line[], start: number, end: number): string {
  const count = (list: Line[], mark: "-" | "+") => list.filter((line) => line.mark === " " || line.mark === mark).length
  const [head, part] = [lines.slice(0, start), lines.slice(start, end)]
  const range = (mark: "-" | "+") => `${mark}${count(head, mark) + 1},${count(part, mark)}`
  return `@@ ${range("-")} ${range("+")} @@\n${part.map(({ mark, text }) => `${mark}${text}\n`).join("")}`
}
