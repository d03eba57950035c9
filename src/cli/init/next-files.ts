import { existsSync } from "node:fs"
import { join, posix } from "node:path"
import type { Project } from "./detect.ts"
import { moduleFile, tableFile } from "./planned-file.ts"
import type { PlannedFile } from "./planned-file.ts"
import * as templates from "./templates/next.ts"
import { formActions } from "./templates/shared.ts"

/** Creates the files of an App Router application. */
export function nextFiles(project: Project): PlannedFile[] {
  const { source, style, database, cacheComponents } = project
  const library = `${source}lib/auth`
  const pages = `${source}app/(auth)`
  const page = (name: string, template: string) => {
    const path = `${pages}/${name}/page`
    const lib = posix.relative(posix.dirname(path), library)
    const text = template.replaceAll("LIB/", `${lib}/`).replace("BLOCKING", cacheComponents ? templates.blocking : "")
    return moduleFile(path, text, style, true)
  }
  return [
    ...tableFile(project, library),
    moduleFile(`${library}/database`, database.code(true), style),
    moduleFile(`${library}/cookie`, templates.nextCookie, style),
    moduleFile(`${library}/auth`, templates.nextAuth, style),
    moduleFile(`${library}/credentials`, formActions, style),
    moduleFile(`${library}/actions`, templates.serverActions, style),
    moduleFile(`${library}/credentials-form`, templates.credentialsForm, style, true),
    page("sign-up", templates.formPage(signUp)),
    page("sign-in", templates.formPage(signIn)),
    page("profile", templates.protectedProfile),
    proxyFile(project),
  ]
}

const signUp = {
  name: "SignUpPage",
  title: "Create an account",
  action: "signUpAction",
  form: 'button="Create account" passwordKind="new-password"',
  other: 'Have an account? <Link href="/sign-in">Sign in</Link>',
}
const signIn = {
  name: "SignInPage",
  title: "Sign in",
  action: "signInAction",
  form: 'button="Sign in" passwordKind="current-password"',
  other: 'New here? <Link href="/sign-up">Create an account</Link>',
}

// Named middleware before Next.js 16, which still supports that name.
function proxyFile({ folder, source, style, next }: Project): PlannedFile {
  const own = ["ts", "js"]
    .map((ending) => `${source}middleware.${ending}`)
    .find((path) => existsSync(join(folder, path)))
  const name = next < 16 || own ? "middleware" : "proxy"
  const { path, text } = moduleFile(`${source}${name}`, templates.nextProxy(name), style)
  return { path: own ?? path, text }
}
