// Bundles the types of each entry into dist, with maps that lead editors to the sources.
import { rollup } from "rollup"
import { dts } from "rollup-plugin-dts"
import { entry } from "./tsup.config.ts"

const bundle = await rollup({
  input: entry,
  external: /^[^./]/,
  plugins: [dts({ sourcemap: true })],
  // Types that entries share stay in files of their own.
  onwarn: ({ message }) => message.includes("private shared type exports") || console.warn(message),
})
await bundle.write({
  dir: "dist",
  entryFileNames: "[name].d.ts",
  chunkFileNames: "[name]-[hash].d.ts",
  sourcemap: true,
})
