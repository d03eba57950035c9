// For runtimes that evaluate a script: leaves a promise of the results.
import { runSuite } from "./index.mjs"

globalThis.results = runSuite()
