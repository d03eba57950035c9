import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import manifest from "../../package.json" with { type: "json" }
import { readSections } from "./pages.ts"
import type { Page } from "./pages.ts"

/** Writes the pages as text next to those of HTML, for programs that read: `llms.txt` lists them, `llms-full.txt` holds them. */
export async function writeTexts(folder: string, base: string): Promise<void> {
  const sections = readSections()
  const pages = sections.flatMap((section) => section.pages)
  const lists = sections.map(
    ({ title, pages }) => `## ${title}\n\n${pages.map((page) => item(page, base)).join("\n")}\n`,
  )
  await writeFile(join(folder, "llms.txt"), `# nightlatch\n\n> ${manifest.description}.\n\n${lists.join("\n")}`)
  await writeFile(join(folder, "llms-full.txt"), pages.map(({ text }) => text).join("\n"))
  await Promise.all(pages.map((page) => writePage(folder, page)))
}

function item({ path, title, text }: Page, base: string): string {
  const [, summary] = /^# .*\n+([^#`|<*-].*?[.:?])(?=\s)/ms.exec(text) ?? []
  return `- [${title}](${base}${path}.md)${summary ? `: ${summary.replaceAll("\n", " ")}` : ""}`
}

async function writePage(folder: string, { path, text }: Page): Promise<void> {
  const file = join(folder, `${path}.md`)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
