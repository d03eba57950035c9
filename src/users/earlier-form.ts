/**
 * Brings a user name or an address into the form under which earlier releases stored it. They folded by upper case: `ß`
 * became `ss`, and a dotless `ı` became `i`. Use it only to find a key that they have stored.
 */
export function earlierForm(text: string): string {
  return fold(fold(text))
}

function fold(text: string): string {
  const folded = Array.from(text.normalize("NFKC"), (letter) => letter.toUpperCase().toLowerCase()).join("")
  return folded
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .normalize("NFKC")
    .trim()
}
