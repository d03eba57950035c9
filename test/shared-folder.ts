import { mkdtempSync, rmSync } from "node:fs"
import { mkdir, realpath, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

const variable = "NIGHTLATCH_SHARED_FOLDER"

/** Makes the folder before the test files run, which inherit the environment, and removes it when all are done. */
export function setup(): () => void {
  const path = mkdtempSync(join(tmpdir(), "nightlatch-shared-"))
  process.env[variable] = path
  return () => rmSync(path, { recursive: true, force: true })
}

/** Makes a folder once for all test files of a run: the first to come makes it, and the others wait. Resolves to its path. */
export async function madeOnce(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(await sharedFolder(), name)
  const mark = `${folder}.made`
  while (!(await exists(mark))) {
    if (await isFirst(folder)) await makeNow(folder, mark, make)
    else await sleep(100)
  }
  return folder
}

async function makeNow(folder: string, mark: string, make: (folder: string) => Promise<unknown>): Promise<void> {
  try {
    await make(folder)
    await writeFile(mark, "")
  } catch (error) {
    // The next to come tries again.
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function isFirst(folder: string): Promise<boolean> {
  return mkdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false
      throw error
    },
  )
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function sharedFolder(): Promise<string> {
  const path = process.env[variable]
  if (!path) throw new Error("This run of Vitest has no test/shared-folder.ts among its globalSetup.")
  return realpath(path)
}
