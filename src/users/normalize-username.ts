// No key is longer, also before it is normalised.
const maxLength = 512

/**
 * Normalises a user name to the form that is stored and looked up: NFKC, lower case, without invisible characters and
 * surrounding spaces. `Bob`, `BOB` and full-width `Ｂｏｂ` become `bob`.
 *
 * It is idempotent, and the same in every locale. It never folds to upper case, which would turn a dotless `ı` into `i`
 * (CVE-2019-19844) and `ß` into `ss`. Letters of different scripts that look alike stay different.
 *
 * Text of more than 512 UTF-16 units, which cannot be a user name, is returned unchanged. What is not text becomes `""`.
 */
export function normalizeUsername(username: string): string {
  if (typeof username !== "string") return ""
  // NFKC sorts accents in quadratic time: a megabyte of them takes minutes.
  if (username.length > maxLength) return username
  // Some letters need a second round, such as those whose lower case has a combining mark.
  return fold(fold(username, lowerCase), lowerCase)
}

/**
 * Returns the form in which earlier releases stored a user name or an address. They folded to upper case: `ß` became
 * `ss`, and a dotless `ı` became `i`. Use it only to find keys that they stored.
 */
export function earlierForm(text: string): string {
  return fold(fold(text, foldByUpperCase), foldByUpperCase)
}

// Letter by letter, because JavaScript's lower case of a sigma depends on its neighbours.
function fold(text: string, foldLetter: (letter: string) => string): string {
  const folded = Array.from(text.normalize("NFKC"), foldLetter).join("")
  return folded
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .normalize("NFKC")
    .trim()
}

// As in Unicode's case folding, a final sigma equals the other sigma, because both have the same upper case.
function lowerCase(letter: string): string {
  return letter.toLowerCase().replaceAll("ς", "σ")
}

function foldByUpperCase(letter: string): string {
  return letter.toUpperCase().toLowerCase()
}
