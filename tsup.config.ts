import { defineConfig } from "tsup"

/** One entry for each file that package.json exports, and nothing else. */
export const entry = {
  index: "src/index.ts",
  web: "src/web.ts",
  hono: "src/hono.ts",
  node: "src/node.ts",
  next: "src/next.ts",
  "next/pages": "src/next/pages.ts",
  "next/proxy": "src/next/proxy.ts",
  react: "src/react.ts",
  users: "src/users.ts",
  password: "src/password.ts",
  tokens: "src/tokens.ts",
  throttle: "src/throttle.ts",
  "sign-in": "src/sign-in.ts",
  oauth: "src/oauth.ts",
  totp: "src/totp.ts",
  passkeys: "src/passkeys.ts",
  device: "src/device.ts",
  audit: "src/audit.ts",
  stateless: "src/stateless.ts",
  testing: "src/testing.ts",
  lucia: "src/lucia.ts",
  "lucia-v2": "src/lucia-v2.ts",
  "lucia-v2/middleware": "src/lucia-v2/middleware.ts",
  "lucia-v2/utils": "src/lucia-v2/utils.ts",
  "adapters/memory": "adapters/memory.ts",
  "adapters/sql": "adapters/sql.ts",
  "adapters/node-sqlite": "adapters/node-sqlite.ts",
  "adapters/better-sqlite3": "adapters/better-sqlite3.ts",
  "adapters/libsql": "adapters/libsql.ts",
  "adapters/d1": "adapters/d1.ts",
  "adapters/bun-sqlite": "adapters/bun-sqlite.ts",
  "adapters/pg": "adapters/pg.ts",
  "adapters/postgres": "adapters/postgres.ts",
  "adapters/pglite": "adapters/pglite.ts",
  "adapters/mysql2": "adapters/mysql2.ts",
  "adapters/redis": "adapters/redis.ts",
  "adapters/ioredis": "adapters/ioredis.ts",
  "adapters/unstorage": "adapters/unstorage.ts",
  "adapters/kysely": "adapters/kysely.ts",
  "adapters/drizzle": "adapters/drizzle.ts",
  "adapters/prisma": "adapters/prisma.ts",
}

/** The commands of package.json. They have no types, because nobody imports them. */
export const commands = {
  cli: "src/cli.ts",
}

export default defineConfig({
  entry: { ...entry, ...commands },
  format: "esm",
  target: "es2022",
  platform: "neutral",
  // Its types would have no maps.
  dts: false,
  onSuccess: bundleTypes,
  sourcemap: true,
  clean: true,
  // Bundlers for Workers and browsers know "node:fs" for what it is, and look for a package called "fs".
  removeNodeProtocol: false,
  // The package has the sources themselves.
  esbuildOptions: (options) => void (options.sourcesContent = false),
  external: [/^node:/, /^#/, "@node-rs/argon2"],
})

/** Bundles the types of each entry into dist, with maps that lead editors to the sources. */
async function bundleTypes(): Promise<void> {
  const { rollup } = await import("rollup")
  const { dts } = await import("rollup-plugin-dts")
  const bundle = await rollup({
    input: entry,
    external: /^[^./]/,
    plugins: [dts({ sourcemap: true })],
    // Types that entries share stay in files of their own.
    onwarn: ({ message }) => message.includes("private shared type exports") || console.warn(message),
  })
  const names = { entryFileNames: "[name].d.ts", chunkFileNames: "[name]-[hash].d.ts" }
  await bundle.write({ dir: "dist", ...names, sourcemap: true })
}
