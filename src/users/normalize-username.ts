/**
 * Brings a user name into the one form under which it is stored and looked up: NFKC, lower case, and without invisible
 * characters and the blanks around it. `Bob`, `BOB` and full-width `Ｂｏｂ` become `bob`.
 *
 * Idempotent, and the same in every locale. It folds by lower case and never by upper case, which would take a dotless
 * `ı` for an `i` (CVE-2019-19844) and `ß` for `ss`. Letters of different scripts that look alike stay different.
 */
export function normalizeUsername(username: string): string {
  // Some letters settle only in a second round, such as those whose lower case has a combining mark.
  return fold(fold(username))
}

// Letter by letter, because JavaScript's lower case of a sigma depends on what stands next to it. The final sigma has no
// upper case of its own: as in Unicode's case folding, it is the other one.
function fold(text: string): string {
  const lower = Array.from(text.normalize("NFKC"), (letter) => letter.toLowerCase()).join("")
  return lower
    .replaceAll("ς", "σ")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .normalize("NFKC")
    .trim()
}
