import { driverConformance } from "./driver-conformance.ts"

await driverConformance("uuid")
