// Each function returns the end of a piece of text that starts at `at`. All of them only read forwards, so a file takes
// time proportional to its length, whatever it contains.

const space = /\s+/y
const name = /#?[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*/uy
const tagName = /[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}.:-]*/uy
const number = /\.?\d(?:[eE][+-]|[\w.])*/y
const operator =
  /\.{3}|[=!]==|=>|[=!<>]=|&&=|\|\|=|\?\?=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\*\*|[-+*/%|&^]=|[\uD800-\uDBFF][\uDC00-\uDFFF]|[^]/y

/** Returns the end of white space; `at` itself if there is none. */
export const endOfSpace = (text: string, at: number) => endOf(space, text, at)

/** Returns the end of a name, which may be a keyword or a `#private` one; `at` itself if there is none. */
export const endOfName = (text: string, at: number) => endOf(name, text, at)

/** Returns the end of a JSX tag or attribute name; `at` itself if there is none. */
export const endOfTagName = (text: string, at: number) => endOf(tagName, text, at)

/** Returns the end of a number; `at` itself if there is none. */
export const endOfNumber = (text: string, at: number) => endOf(number, text, at)

/**
 * Returns the end of an operator, bracket or other character. `>` is always separate, because it may close type
 * arguments.
 */
export const endOfOperator = (text: string, at: number) => endOf(operator, text, at)

/** Returns the end of a comment; `at` itself if there is none. */
export function endOfComment(text: string, at: number): number {
  if (text.startsWith("//", at) || (at === 0 && text.startsWith("#!"))) return endOfLine(text, at)
  return text.startsWith("/*", at) ? after("*/", text, at + 2) : at
}

/** Returns the end of a quoted string. An unclosed one ends with its line. */
export function endOfString(text: string, at: number): number {
  const quote = text[at]
  for (let next = at + 1; next < text.length; next++) {
    if (text[next] === quote) return next + 1
    if (text[next] === "\\") next += text.startsWith("\r\n", next + 1) ? 2 : 1
    else if (text[next] === "\n") return next
  }
  return text.length
}

/** Returns the end of a string in a JSX tag, which has no escapes and may contain line breaks. */
export function endOfTagString(text: string, at: number): number {
  return after(text[at]!, text, at + 1)
}

/** Returns the end of a part of a template: after its closing backtick, or before a substitution. */
export function endOfTemplate(text: string, at: number): number {
  for (let next = at; next < text.length; next++) {
    if (text[next] === "`") return next + 1
    if (text[next] === "\\") next++
    else if (text.startsWith("${", next)) return next
  }
  return text.length
}

/** Returns the end of a regular expression with its flags; `at` itself if it is not closed in its line. */
export function endOfRegex(text: string, at: number): number {
  let inClass = false
  for (let next = at + 1; next < text.length && text[next] !== "\n"; next++) {
    if (text[next] === "\\") next++
    else if (text[next] === "[") inClass = true
    else if (text[next] === "]") inClass = false
    else if (text[next] === "/" && !inClass) return endOfName(text, next + 1)
  }
  return at
}

/** Returns the end of the text between JSX tags. */
export function endOfText(text: string, at: number): number {
  let next = at
  while (next < text.length && text[next] !== "<" && text[next] !== "{") next++
  return next
}

/** Returns the position of the next line break, or the end. */
export function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at)
  return end < 0 ? text.length : end
}

function after(mark: string, text: string, at: number): number {
  const end = text.indexOf(mark, at)
  return end < 0 ? text.length : end + mark.length
}

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}
