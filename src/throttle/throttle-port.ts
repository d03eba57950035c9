/** The result of an attempt. */
export interface TakenAttempt {
  taken: boolean
  /**
   * When the key's budget is full again, in milliseconds since 1970: a `number`, at most `now + span`. In a race it may
   * include later attempts.
   */
  until: number
}

/**
 * Stores the budgets of a throttle, in the table `auth_attempt`. The rules of `SessionAdapter` also apply here. All
 * times are whole milliseconds. Only `now`, from the caller's clock, decides about an attempt. A store that is full may
 * drop the rows with the earliest `until`.
 */
export interface ThrottleAdapter {
  /**
   * Takes an attempt of `cost` milliseconds from a budget of `span` milliseconds, in one atomic step. If `max(until,
   * now) + cost <= now + span`, `until` becomes `max(until, now) + cost`. Racing callers never exceed the budget. A
   * missing row has an `until` of 0.
   *
   * A row that is more than `span + tolerance` ahead of `now` is first cut to `now + span`, and stays cut. This way, a
   * server with a wrong clock cannot lock a key for a day. `tolerance` is 5 minutes (the clock difference that Kerberos
   * allows, RFC 4120), or `span` if that is less. If a row is ahead by more than `span`, but within the tolerance, it
   * stays as it is and the attempt is refused. Otherwise another server with a fast clock would give out again what
   * this one cuts off. The `until` of a refusal is at most `now + span`.
   */
  takeAttempt(id: string, now: number, cost: number, span: number): Promise<TakenAttempt>
  /** Refills budgets. Missing rows are ignored. */
  dropAttempts(ids: string[]): Promise<void>
  /** Deletes at most `limit` rows with `until <= before`, which are no longer needed. Resolves to how many. */
  deleteIdleAttempts(before: number, limit: number): Promise<number>
}
