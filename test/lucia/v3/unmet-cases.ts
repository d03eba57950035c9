const uncounted = "the deletion of expired sessions takes no instant and no limit, and counts nothing"
const fixed = "no call changes attributes"

/** The cases of the session port that no adapter of Lucia v3 can meet, and why. */
export const unmetCases: Record<string, string> = {
  "insertSession() rejects with user_missing for an unknown user, and stores nothing":
    "the driver's error comes as it is, and another one from each driver",
  "session methods work when the adapter is spread or taken apart": fixed,
  "extendSession() writes for one of many racing callers": "the write has no condition",
  "extendSession() and updateSession() compare ids byte for byte": fixed,
  "updateSession() changes the attribute and keeps the rest": fixed,
  "updateSession() leaves alone an attribute that it is not given": fixed,
  "updateSession() leaves alone an attribute that is undefined": fixed,
  "updateSession() sets an attribute that was left out, and empties one again": fixed,
  "updateSession() resolves to true for the value that is there already": fixed,
  "updateSession() resolves to false for an unknown id, and stores nothing": fixed,
  "updateSession() changes that one session": fixed,
  "updateSession() and extendSession() side by side both have their effect": fixed,
  "updateSession() with ifNull changes a session while that attribute is null or absent": fixed,
  "updateSession() with ifNull leaves alone a session whose attribute has a value": fixed,
  "updateSession() with ifNull resolves to false for an unknown id, and stores nothing": fixed,
  "updateSession() with ifNull writes for one of many racing callers": fixed,
  "updateSession() during a sign-out leaves the session dead": fixed,
  "replaceSession() lets one of many racing callers replace a session": "there is no transaction",
  "deleteExpiredSessions() deletes deadlines at and before the instant, none behind": uncounted,
  "deleteExpiredSessions() deletes at most `limit`, and says how many": uncounted,
  "deleteExpiredSessions() never deletes a live session": uncounted,
  "deleteExpiredSessions() during an extension does not delete what was extended": uncounted,
}

/** The same, but on a real database a matter of luck: a deletion does not return whether it deleted. */
export const luckyCases: Record<string, string> = {
  "replaceSession() during a sign-out of the session: one of the two finds it":
    "a deletion does not say what it deleted",
}
