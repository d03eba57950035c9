import { build } from "esbuild"
import { describe, expect, test } from "vitest"
import { root } from "../package/tarball.ts"

const hashers = ["argon2id", "scrypt", "pbkdf2", "luciaScrypt", "bcrypt", "passwordHasher", "checkPassword"]

describe.each(["node", "browser", "neutral"] as const)("a bundle for the platform %s", (platform) => {
  // Installed here, so whatever follows its name finds the package and its binary.
  test.each(hashers)("with %s alone contains no package, no binary and no module of Node.js", async (name) => {
    const contents = `export { ${name} } from "./src/password.ts"`
    const { metafile, outputFiles } = await build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      format: "esm",
      platform,
      write: false,
      metafile: true,
      logLevel: "silent",
    })
    const foreign = Object.keys(metafile.inputs).filter((input) => !input.startsWith("src/") && input !== "<stdin>")
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
    expect([foreign, imports]).toEqual([[], []])
    expect(outputFiles[0]?.text).not.toMatch(/require\(|from ?"|import ?"/)
  })
})
