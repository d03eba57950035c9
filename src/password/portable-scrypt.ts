/** The cost of scrypt (RFC 7914): `N` a power of two, block size `r`, parallelization `p`. It needs `128 * N * r` bytes. */
export interface ScryptCost {
  N: number
  r: number
  p: number
}

/**
 * Derives a key with scrypt (RFC 7914) in plain JavaScript, for platforms without their own. It yields to the event
 * loop every few milliseconds. `p` must be 1, because Lucia used no other.
 */
export async function portableScrypt(
  password: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  length: number,
  { N, r }: Pick<ScryptCost, "N" | "r">,
): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"])
  const block = new Int32Array(await derive(key, salt, 128 * r))
  await mix(block, N)
  return new Uint8Array(await derive(key, new Uint8Array(block.buffer), length))
}

function derive(key: CryptoKey, salt: Uint8Array<ArrayBuffer>, bytes: number): Promise<ArrayBuffer> {
  return crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: 1 }, key, bytes * 8)
}

// scryptROMix, RFC 7914, section 5.
async function mix(block: Int32Array, N: number): Promise<void> {
  const words = block.length
  const table = new Int32Array(N * words)
  const scratch = new Int32Array(words)
  for (let i = 0; i < N; i++) {
    table.set(block, i * words)
    mixBlock(block, scratch)
    if (i % 1024 === 0) await nextTurn()
  }
  for (let i = 0; i < N; i++) {
    const start = (block[words - 16]! & (N - 1)) * words
    for (let k = 0; k < words; k++) block[k]! ^= table[start + k]!
    mixBlock(block, scratch)
    if (i % 1024 === 0) await nextTurn()
  }
}

// scryptBlockMix, section 4: the even blocks first, then the odd ones.
function mixBlock(block: Int32Array, scratch: Int32Array): void {
  const count = block.length / 16
  const x = block.slice(-16)
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < 16; k++) x[k]! ^= block[i * 16 + k]!
    salsa(x)
    scratch.set(x, ((i >> 1) + (i % 2) * (count / 2)) * 16)
  }
  block.set(scratch)
}

const mixed = new Int32Array(16)

// Salsa20/8, section 3: columns, then rows, four times.
function salsa(x: Int32Array): void {
  mixed.set(x)
  for (let round = 0; round < 4; round++) {
    quarter(mixed, 0, 4, 8, 12)
    quarter(mixed, 5, 9, 13, 1)
    quarter(mixed, 10, 14, 2, 6)
    quarter(mixed, 15, 3, 7, 11)
    quarter(mixed, 0, 1, 2, 3)
    quarter(mixed, 5, 6, 7, 4)
    quarter(mixed, 10, 11, 8, 9)
    quarter(mixed, 15, 12, 13, 14)
  }
  for (let k = 0; k < 16; k++) x[k]! += mixed[k]!
}

function quarter(x: Int32Array, a: number, b: number, c: number, d: number): void {
  x[b]! ^= rotate(x[a]! + x[d]!, 7)
  x[c]! ^= rotate(x[b]! + x[a]!, 9)
  x[d]! ^= rotate(x[c]! + x[b]!, 13)
  x[a]! ^= rotate(x[d]! + x[c]!, 18)
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
