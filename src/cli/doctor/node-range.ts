type Version = [major: number, minor: number, patch: number]

/** The lowest version of a part of a range, and the first version after it. */
interface Span {
  from: Version
  to: Version
}

const end = Infinity

/**
 * Returns the first version that an npm range, such as `^20.19 || >=22.12`, allows and another does not. Returns `null`
 * if there is none, or if a range cannot be read.
 */
export function firstNotIn(range: string, required: string): string | null {
  const [asked, allowed] = [spansOf(range), spansOf(required)]
  if (!asked || !allowed) return null
  for (const { from, to } of asked) {
    const first = firstOutside(from, allowed)
    if (compare(first, to) < 0) return first.join(".")
  }
  return null
}

/** Returns the range of an image tag or a version file: `18`, `18-alpine`, `v20.5.1`, `lts/hydrogen`. */
export function rangeOfTag(tag: string): string | null {
  const named = /^lts\/(\w+)$/i.exec(tag.trim())?.[1]?.toLowerCase()
  const major =
    named &&
    {
      argon: 4,
      boron: 6,
      carbon: 8,
      dubnium: 10,
      erbium: 12,
      fermium: 14,
      gallium: 16,
      hydrogen: 18,
      iron: 20,
      jod: 22,
      krypton: 24,
    }[named]
  if (major) return `${major}.99.99`
  const version = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-|$)/.exec(tag.trim())
  if (!version) return null
  // A tag without its minor version means the newest.
  const [, first, minor = "99", patch = "99"] = version
  return `${first}.${minor}.${patch}`
}

function firstOutside(version: Version, spans: Span[]): Version {
  const around = spans.find(({ from, to }) => compare(from, version) <= 0 && compare(version, to) < 0)
  return around
    ? firstOutside(
        around.to,
        spans.filter((each) => each !== around),
      )
    : version
}

function spansOf(range: string): Span[] | null {
  const spans = range.split("||").map((part) => spanOf(part.trim()))
  return spans.every((each) => each !== null) ? spans : null
}

function spanOf(part: string): Span | null {
  const between = /^(\S+)\s+-\s+(\S+)$/.exec(part)
  const comparators = between
    ? [`>=${between[1]}`, `<=${between[2]}`]
    : part.replaceAll(/([<>=^~])\s+/g, "$1").split(/\s+/)
  let span: Span | null = { from: [0, 0, 0], to: [end, 0, 0] }
  for (const comparator of comparators) span = span && narrow(span, comparator)
  return span
}

function narrow({ from, to }: Span, comparator: string): Span | null {
  if (/^[*x]?$/.test(comparator)) return { from, to }
  const match = /^(>=|<=|>|<|=|\^|~)?v?(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?$/.exec(comparator)
  if (!match) return null
  const [, sign = "=", ...parts] = match
  const numbers = parts.map((each) => (each === undefined || /[x*]/.test(each) ? null : Number(each)))
  const lowest = numbers.map((each) => each ?? 0) as Version
  const next = after(numbers)
  if (sign === ">=") return { from: later(from, lowest), to }
  if (sign === ">") return { from: later(from, next), to }
  if (sign === "<") return { from, to: earlier(to, lowest) }
  if (sign === "<=") return { from, to: earlier(to, next) }
  const last =
    sign === "^" ? after([numbers[0]!, null]) : sign === "~" ? after([numbers[0]!, numbers[1] ?? null]) : next
  return { from: later(from, lowest), to: earlier(to, last) }
}

// Returns the first version after all that a partial version covers.
function after([major, minor, patch]: (number | null | undefined)[]): Version {
  if (minor == null) return [major! + 1, 0, 0]
  return patch == null ? [major!, minor + 1, 0] : [major!, minor, patch + 1]
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

function later(a: Version, b: Version): Version {
  return compare(a, b) > 0 ? a : b
}

function earlier(a: Version, b: Version): Version {
  return compare(a, b) < 0 ? a : b
}
