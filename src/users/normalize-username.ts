/**
 * Brings a user name or e-mail address into the one form under which it is stored and looked up: Unicode's
 * NFKC_Casefold (UAX #31), near enough, without the blanks around it. `Bob`, `BOB` and full-width `Ｂｏｂ` become `bob`.
 *
 * Idempotent, and the same in every locale. Letters of different scripts that only look alike stay different.
 */
export function normalizeUsername(username: string): string {
  // Some letters settle only in a second round, such as those that fold into a letter with a combining mark.
  return fold(fold(username))
}

// Upper case first, because several lower-case letters share one capital: the two sigmas, `ſ` and `s`, `ß` and `ss`.
// Letter by letter, because JavaScript's lower case of a sigma depends on what stands beside it.
function fold(text: string): string {
  const folded = Array.from(text.normalize("NFKC"), (letter) => letter.toUpperCase().toLowerCase()).join("")
  return folded
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .normalize("NFKC")
    .trim()
}
