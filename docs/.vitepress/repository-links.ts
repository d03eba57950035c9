import { posix } from "node:path"
import type { MarkdownRenderer } from "vitepress"
import manifest from "../../package.json" with { type: "json" }

type Token = ReturnType<MarkdownRenderer["parse"]>[number]

/**
 * Mends links that leave docs, such as one to a test: they lead to the repository where package.json names it, and are
 * plain text where it does not.
 */
export function linkRepository(markdown: MarkdownRenderer): void {
  const address = repositoryAddress()
  markdown.core.ruler.push("repository_links", ({ tokens, env }) => {
    const { relativePath = "" } = env as { relativePath?: string }
    for (const token of tokens) {
      token.children &&= mend(token.children, posix.dirname(posix.join("docs", relativePath)), address)
    }
  })
}

function mend(tokens: Token[], folder: string, address: string | undefined): Token[] {
  let leaves = false
  return tokens.filter((token) => {
    if (token.type === "link_open") leaves = leavesDocs(token, folder)
    if (!leaves || !token.type.startsWith("link_")) return true
    if (token.type === "link_open" && address) token.attrSet("href", `${address}/${pathOf(token, folder)}`)
    if (token.type === "link_close") leaves = false
    return address !== undefined
  })
}

function leavesDocs(token: Token, folder: string): boolean {
  return !/^([a-z]+:|#|\/)/.test(token.attrGet("href") ?? "#") && !pathOf(token, folder).startsWith("docs/")
}

function pathOf(token: Token, folder: string): string {
  return posix.join(folder, token.attrGet("href") ?? "")
}

/** Where files of the repository can be read, as `repository` of package.json has it for GitHub. */
function repositoryAddress(): string | undefined {
  const { repository } = manifest as { repository?: string | { url: string } }
  const url = typeof repository === "string" ? repository : repository?.url
  return url && `${url.replace(/^git\+|\.git$/g, "")}/blob/HEAD`
}
