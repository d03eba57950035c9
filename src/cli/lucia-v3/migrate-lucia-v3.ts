import type { SourceFile } from "ts-morph"
import { usesName } from "../syntax.ts"
import type { Changes } from "../text-edits.ts"
import { rewriteInstance } from "./auth-file.ts"
import { codeStyleOf } from "./code-style.ts"
import { findInstance } from "./instance.ts"
import type { Instance } from "./instance.ts"
import { keptRegister, readRegisteredTypes } from "./registered-types.ts"
import { rewriteImports } from "./rewrite-imports.ts"
import { noteOtherIds, noteUnresolved } from "./note-leftovers.ts"
import { rewriteUses } from "./rewrite-uses.ts"

/**
 * Moves an application from Lucia v3, or its drop-in, to `createAuth()` with the same adapter and cookies. Returns the
 * name of the application's `Lucia` instance; `null` if nothing was done.
 */
export function migrateLuciaV3(files: SourceFile[], changes: Changes): string | null {
  const instance = findInstance(files, changes)
  const registered = instance && readRegisteredTypes(files, instance.file, changes)
  if (!registered) return null
  const auth = authName(instance, files)
  for (const file of files) noteOtherIds(file, changes)
  rewriteUses(instance, auth, changes)
  noteUnresolved(instance, files, changes)
  const kept = keptRegister(registered, files, codeStyleOf(instance.file))
  const isLuciaAdapter = rewriteInstance(instance, registered, kept, changes)
  rewriteImports(files, { instance, auth, isLuciaAdapter }, changes)
  return instance.name.getText()
}

// A new name, so that code that was not rewritten does not compile.
function authName({ name }: Instance, files: SourceFile[]): string {
  const users = new Set([name, ...name.findReferencesAsNodes()].map((each) => each.getSourceFile()))
  const names = ["auth", "sessionAuth", "nightlatchAuth", "migratedAuth"].filter((each) => each !== name.getText())
  const isFree = (each: string) => files.every((file) => !users.has(file) || !usesName(file, each))
  return names.find(isFree) ?? names.at(-1)!
}
