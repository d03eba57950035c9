/**
 * Brings a user name into the one form under which it is stored and looked up: NFKC, lower case, and without invisible
 * characters and the blanks around it. `Bob`, `BOB` and full-width `Ｂｏｂ` become `bob`.
 *
 * Idempotent, and the same in every locale. It folds by lower case and never by upper case, which would take a dotless
 * `ı` for an `i` (CVE-2019-19844) and `ß` for `ss`. Letters of different scripts that look alike stay different.
 */
export function normalizeUsername(username: string): string {
  // Some letters settle only in a second round, such as those whose lower case has a combining mark.
  return fold(fold(username, lowerCase), lowerCase)
}

/**
 * Brings a user name or an address into the form under which earlier releases stored it. They folded by upper case: `ß`
 * became `ss`, and a dotless `ı` became `i`. Use it only to find a key that they have stored.
 */
export function earlierForm(text: string): string {
  return fold(fold(text, foldByUpperCase), foldByUpperCase)
}

// Letter by letter, because JavaScript's lower case of a sigma depends on what stands next to it.
function fold(text: string, foldLetter: (letter: string) => string): string {
  const folded = Array.from(text.normalize("NFKC"), foldLetter).join("")
  return folded
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .normalize("NFKC")
    .trim()
}

// The final sigma has no upper case of its own: as in Unicode's case folding, it is the other one.
function lowerCase(letter: string): string {
  return letter.toLowerCase().replaceAll("ς", "σ")
}

function foldByUpperCase(letter: string): string {
  return letter.toUpperCase().toLowerCase()
}
