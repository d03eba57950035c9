// For runtimes that are a command: prints the results.
import { runSuite } from "./index.mjs"

console.log(JSON.stringify(await runSuite()))
