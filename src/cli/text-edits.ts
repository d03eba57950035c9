import type { Node, SourceFile } from "ts-morph"

/** A place that is left to change by hand. */
export interface Leftover {
  /** The path relative to the requested folder. */
  file: string
  /** The line, counted from 1; 0 for the whole file. */
  line: number
  /** What is left and why, and what to do. */
  reason: string
}

interface Edit {
  start: number
  end: number
  text: string
}

/** The planned edits of a migration. Nothing is written before all are known. */
export type Changes = ReturnType<typeof createChanges>

/**
 * Creates an empty list of changes to the files at these paths. `shorten` returns a file's name in messages. Files at
 * other paths are never changed: an edit there becomes a leftover.
 */
export function createChanges(paths: ReadonlySet<string>, shorten: (path: string) => string) {
  const edits = new Map<SourceFile, Edit[]>()
  const leftovers: Leftover[] = []

  /** Replaces the text from `start` to `end`. Repeating the same edit has no effect. */
  function edit(file: SourceFile, start: number, end: number, text: string): void {
    if (!paths.has(file.getFilePath())) {
      leaveOutside(file, start)
      return
    }
    const lineBreak = file.getFullText().includes("\r\n") ? "\r\n" : "\n"
    const made = { start, end, text: text.replaceAll("\n", lineBreak) }
    const others = edits.get(file) ?? []
    if (!others.some((other) => isSame(other, made))) edits.set(file, [...others, made])
  }

  function leaveOutside(file: SourceFile, start: number): void {
    const path = shorten(file.getFilePath())
    const { line } = file.getLineAndColumnAtPos(start)
    if (!isListed(path, line)) leftovers.push({ file: path, line, reason: "not changed: it is outside of the folder" })
  }

  function isListed(path: string, line: number): boolean {
    return leftovers.some((each) => each.file === path && each.line === line)
  }

  return {
    edit,
    /** The leftovers, in the order in which they were found. */
    leftovers,
    /** Replaces a node, but not the comments before it. */
    replace: (node: Node, text: string) => edit(node.getSourceFile(), node.getStart(), node.getEnd(), text),
    /** Removes a node with its line. */
    removeLines(node: Node): void {
      const file = node.getSourceFile()
      const [before, after] = [file.getFullText().slice(0, node.getStart()), file.getFullText().slice(node.getEnd())]
      const lineEnd = /^[ \t]*(\r?\n|$)/.exec(after)?.[0].length ?? 0
      // If empty lines surround it, one is removed too.
      const isApart = /^\s*$/.test(after) || /^[ \t]*\r?\n[ \t]*\r?\n/.test(after)
      const gap = isApart ? (/(?<=\n)[ \t]*\r?\n$/.exec(before)?.[0].length ?? 0) : 0
      edit(file, node.getStart() - gap, node.getEnd() + lineEnd, "")
    },
    /** Records that a place stays unchanged. */
    leave(node: Node, reason: string): void {
      const file = shorten(node.getSourceFile().getFilePath())
      leftovers.push({ file, line: node.getStartLineNumber(), reason })
    },
    /** Returns whether a leftover is recorded for a node's line. */
    isLeft: (node: Node) => isListed(shorten(node.getSourceFile().getFilePath()), node.getStartLineNumber()),
    /** Returns whether a change covers a node. */
    touches(node: Node): boolean {
      const list = edits.get(node.getSourceFile()) ?? []
      return list.some(({ start, end }) => start <= node.getStart() && end >= node.getEnd())
    },
    /** The new texts of the files that change, by path. */
    texts: () =>
      new Map([...edits].map(([file, list]) => [file.getFilePath(), apply(file.getFullText(), list)] as const)),
  }
}

function isSame(a: Edit, b: Edit): boolean {
  return a.start === b.start && a.end === b.end && a.text === b.text
}

function apply(text: string, edits: Edit[]): string {
  // From the end, so that the other positions stay valid. Edits at one position stay in order.
  const sorted = edits
    .map((edit, at) => ({ ...edit, at }))
    .sort((a, b) => b.start - a.start || b.end - a.end || b.at - a.at)
  let rest = text
  for (const { start, end, text } of sorted) rest = rest.slice(0, start) + text + rest.slice(end)
  return rest
}
