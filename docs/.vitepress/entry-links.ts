import type { MarkdownRenderer } from "vitepress"
import { entries } from "./pages.ts"

type State = Parameters<Parameters<MarkdownRenderer["core"]["ruler"]["push"]>[1]>[0]
type Token = State["tokens"][number]

/** Links the names of entries in docs/reference/index.md to the pages that the build makes of them. */
export function linkEntries(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("entry_links", (state) => {
    if ((state.env as { relativePath?: string }).relativePath !== "reference/index.md") return
    for (const token of state.tokens) {
      token.children &&= token.children.flatMap((child) => (isEntry(child) ? linked(child, state) : [child]))
    }
  })
}

function isEntry({ type, content }: Token): boolean {
  return type === "code_inline" && entries.includes(pathOf(content))
}

function linked(token: Token, { Token }: State): Token[] {
  const open = new Token("link_open", "a", 1)
  open.attrSet("href", `api/${pathOf(token.content)}.md`)
  return [open, token, new Token("link_close", "a", -1)]
}

function pathOf(name: string): string {
  return name.replace(/^nightlatch\//, "")
}
