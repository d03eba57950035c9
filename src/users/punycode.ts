// The parameters of RFC 3492, section 5.
const [base, tmin, tmax, skew, damp, initialBias, initialN] = [36, 1, 26, 38, 700, 72, 128] as const

/** Decodes the part of an A-label after `xn--` (RFC 3492, section 6.2). The label must come from IDNA. */
export function decodePunycode(label: string): string {
  const end = Math.max(label.lastIndexOf("-"), 0)
  const output = Array.from(label.slice(0, end), (letter) => letter.codePointAt(0) ?? 0)
  const digits = Array.from(label.slice(end > 0 ? end + 1 : 0), digitOf)
  let [position, n, bias] = [0, initialN as number, initialBias as number]
  while (digits.length > 0) {
    const delta = takeInteger(digits, bias)
    const length = output.length + 1
    bias = adapt(delta, length, position === 0 && n === initialN)
    position += delta
    n += Math.floor(position / length)
    position %= length
    output.splice(position, 0, n)
    position++
  }
  return String.fromCodePoint(...output)
}

function takeInteger(digits: number[], bias: number): number {
  let [integer, weight] = [0, 1]
  for (let k: number = base; digits.length > 0; k += base) {
    const digit = digits.shift() ?? 0
    const threshold = Math.min(Math.max(k - bias, tmin), tmax)
    integer += digit * weight
    if (digit < threshold) break
    weight *= base - threshold
  }
  return integer
}

// Letters are 0 to 25, and digits 26 to 35.
function digitOf(character: string): number {
  return (Number.parseInt(character, base) + 26) % base
}

function adapt(delta: number, length: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? damp : 2))
  rest += Math.floor(rest / length)
  let k = 0
  for (; rest > ((base - tmin) * tmax) / 2; k += base) rest = Math.floor(rest / (base - tmin))
  return k + Math.floor(((base - tmin + 1) * rest) / (rest + skew))
}
