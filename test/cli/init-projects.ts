import { detectProject } from "../../src/cli/init/detect.ts"
import type { Choices, Project } from "../../src/cli/init/detect.ts"
import { createFolder } from "./migrated-text.ts"
import type { Files } from "./migrated-text.ts"

/** A Node.js that has SQLite. */
export const node24 = "24.21.0"

/** Projects without anything but their framework. */
export const express = { "package.json": manifest({ express: "^5.1.0" }) }
export const next = { "package.json": manifest({ next: "16.4.6" }), "app/layout.jsx": "" }

/** Writes a package.json. */
export function manifest(dependencies: Files, more: object = {}): string {
  return JSON.stringify({ dependencies, ...more })
}

/** Detects what a project of these files is. */
export async function detect(files: Files, choices: Choices = {}, node = node24): Promise<Project> {
  return detectProject(await createFolder(files), choices, node)
}
