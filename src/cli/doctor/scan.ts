// Each function returns where a piece of text ends that starts at `at`. All of them read forwards only, so a whole file
// takes time in proportion to its length, whatever is in it.

const space = /\s+/y
const name = /#?[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*/uy
const tagName = /[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}.:-]*/uy
const number = /\.?\d(?:[eE][+-]|[\w.])*/y
const operator =
  /\.{3}|[=!]==|=>|[=!<>]=|&&=|\|\|=|\?\?=|&&|\|\||\?\?|\?\.(?!\d)|\+\+|--|\*\*|[-+*/%|&^]=|[\uD800-\uDBFF][\uDC00-\uDFFF]|[^]/y

/** The end of space; `at` itself if there is none. */
export const endOfSpace = (text: string, at: number) => endOf(space, text, at)

/** The end of a name, which may be a keyword or a `#private` one; `at` itself if there is none. */
export const endOfName = (text: string, at: number) => endOf(name, text, at)

/** The end of the name of a JSX tag or attribute; `at` itself if there is none. */
export const endOfTagName = (text: string, at: number) => endOf(tagName, text, at)

/** The end of a number; `at` itself if there is none. */
export const endOfNumber = (text: string, at: number) => endOf(number, text, at)

/** The end of an operator, a bracket or whatever else there is. `>` stands alone, because it may close type arguments. */
export const endOfOperator = (text: string, at: number) => endOf(operator, text, at)

/** The end of a comment; `at` itself if there is none. */
export function endOfComment(text: string, at: number): number {
  if (text.startsWith("//", at) || (at === 0 && text.startsWith("#!"))) return endOfLine(text, at)
  return text.startsWith("/*", at) ? after("*/", text, at + 2) : at
}

/** The end of a quoted string. One that is not closed ends with its line. */
export function endOfString(text: string, at: number): number {
  const quote = text[at]
  for (let next = at + 1; next < text.length; next++) {
    if (text[next] === quote) return next + 1
    if (text[next] === "\\") next += text.startsWith("\r\n", next + 1) ? 2 : 1
    else if (text[next] === "\n") return next
  }
  return text.length
}

/** The end of a string in a JSX tag, which has no escapes and may hold line breaks. */
export function endOfTagString(text: string, at: number): number {
  return after(text[at]!, text, at + 1)
}

/** The end of a part of a template: behind its closing backtick, or before a substitution. */
export function endOfTemplate(text: string, at: number): number {
  for (let next = at; next < text.length; next++) {
    if (text[next] === "`") return next + 1
    if (text[next] === "\\") next++
    else if (text.startsWith("${", next)) return next
  }
  return text.length
}

/** The end of a regular expression with its flags; `at` itself if it is not closed in its line. */
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

/** The end of the text between JSX tags. */
export function endOfText(text: string, at: number): number {
  let next = at
  while (next < text.length && text[next] !== "<" && text[next] !== "{") next++
  return next
}

/** The place of the next line break, or the end. */
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
