/** Whether the histories run at their full length, as `.ci/run --full` does. */
export const isWholeLength = process.env.NIGHTLATCH_SHORT !== "1"

/** How many random histories are run over each store. */
export const historyRuns = isWholeLength ? 50_000 : 300

/** How many random interleavings are run over each store. */
export const interleavingRuns = isWholeLength ? 50_000 : 300

/** How many drills there are on each server. */
export const drillRuns = isWholeLength ? 10 : 1

/** How long a drill takes, in milliseconds, without its beginning and its end. */
export const drillDuration = isWholeLength ? 20_000 : 5000
