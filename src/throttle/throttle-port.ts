/** What became of an attempt. */
export interface TakenAttempt {
  taken: boolean
  /**
   * When the key's budget is full again, after this call: in milliseconds since 1970, a `number`, at most `now + span`. Under
   * a race it may count later attempts too.
   */
  until: number
}

/**
 * Where the budgets of a throttle live: the table `auth_attempt`. The rules of `SessionAdapter` hold here too. All times are
 * whole milliseconds, `now` by the caller's clock, which alone decides about an attempt. A store that has no more room may
 * drop the rows whose `until` is the earliest.
 */
export interface ThrottleAdapter {
  /**
   * Takes an attempt of `cost` milliseconds from a budget of `span` milliseconds: if `max(until, now) + cost <= now + span`,
   * moves `until` to `max(until, now) + cost`. One atomic step: of racing callers no more are let through than the budget
   * allows. A missing row is one whose `until` is 0. A row that is more than `span + tolerance` ahead of `now` is cut to
   * `now + span` first, and stays cut: a server with a wrong clock must not lock a key for a day. `tolerance` is 5 minutes
   * (the difference of clocks that Kerberos allows, RFC 4120), or `span` if that is less. A row that is more than `span`
   * ahead, but not that far, stays as it is and the attempt is refused: another server whose clock is ahead would give out
   * again what this one cuts off. The `until` of a refusal is at most `now + span`.
   */
  takeAttempt(id: string, now: number, cost: number, span: number): Promise<TakenAttempt>
  /** Fills budgets up again. A missing row is fine. */
  dropAttempts(ids: string[]): Promise<void>
  /** Deletes at most `limit` rows with `until <= before`, which say nothing any more. Resolves to how many. */
  deleteIdleAttempts(before: number, limit: number): Promise<number>
}
