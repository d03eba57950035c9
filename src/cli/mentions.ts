import type { Node, SourceFile } from "ts-morph"
import { declarations, descendantsOf, isAnyOf } from "./syntax.ts"
import type { Changes } from "./text-edits.ts"

const itself = /^lucia(\/[\w./-]+)?$/
const inComponent = /(?:\bfrom|\bimport|\()\s*["'`]lucia(?:\/[\w./-]+)?["'`]/

/** Lists the module references to Lucia in any form: import, export, import(), require(), declare module, vi.mock(). */
export function mentionsOf(file: SourceFile): Node[] {
  const texts = [...descendantsOf(file, "StringLiteral"), ...descendantsOf(file, "NoSubstitutionTemplateLiteral")]
  return texts.filter((each) => itself.test(each.getLiteralText()) && namesModule(each.getParent()))
}

/** Returns whether a file still needs Lucia after the changes. */
export function needsLucia(file: SourceFile, changes: Changes): boolean {
  return remaining(file, changes).length > 0
}

/** Returns whether a component imports Lucia. */
export function componentNeedsLucia(text: string): boolean {
  return inComponent.test(text.replaceAll(/<!--[\s\S]*?-->/g, ""))
}

/** Lists each module reference to Lucia that stays unchanged, unless its line is already listed. */
export function leaveMentions(files: SourceFile[], instead: string, changes: Changes): void {
  for (const mention of files.flatMap((file) => remaining(file, changes)))
    if (!changes.isLeft(mention))
      changes.leave(
        mention,
        `${mention.getText()} is named here in a way that this command does not rewrite: use ${instead}`,
      )
}

function remaining(file: SourceFile, changes: Changes): Node[] {
  return mentionsOf(file).filter((each) => !changes.touches(each))
}

function namesModule(parent: Node | undefined): boolean {
  return isAnyOf(parent, "CallExpression", "LiteralType", ...declarations, "ExternalModuleReference")
}
