import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto"

/** A test server's certificate, in PEM, and the value that makes a browser trust it. */
export interface Certificate {
  key: string
  cert: string
  /** The SHA-256 of its public key, in Base64: for `--ignore-certificate-errors-spki-list`. */
  spki: string
}

const day = 86_400_000

/** Makes a self-signed certificate for host names, good for a week (RFC 5280). Its key is new each time, so none is kept. */
export function makeCertificate(hosts: string[]): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const spki = publicKey.export({ type: "spki", format: "der" })
  const commonName = sequence(objectId("550403"), der(0x0c, Buffer.from("nightlatch tests")))
  const name = sequence(der(0x31, commonName))
  const names = sequence(...hosts.map((host) => der(0x82, Buffer.from(host))))
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - day), time(Date.now() + 7 * day)),
    name,
    spki,
    der(0xa3, sequence(sequence(objectId("551d11"), der(0x04, names)))),
  )
  const signature = sign("sha256", content, privateKey)
  const certificate = sequence(content, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
    spki: createHash("sha256").update(spki).digest("base64"),
  }
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.from([tag, ...size, ...body])
}

function sequence(...parts: Uint8Array[]): Buffer {
  return der(0x30, ...parts)
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"))
}

function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\D/g, "").slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}

const ecdsaWithSha256 = sequence(objectId("2a8648ce3d040302"))
