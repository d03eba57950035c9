/** Whether a cookie outlives the browser. */
export interface PersistOptions {
  /**
   * `false` if "remember me" was left unticked: the cookie ends with the browser. Default `true` at sign-in. Later the
   * default is what was chosen at sign-in, which the cookie's token says.
   */
  persistent?: boolean | undefined
}
