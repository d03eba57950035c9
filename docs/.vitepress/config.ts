import { defineConfig } from "vitepress"
import manifest from "../../package.json" with { type: "json" }
import { linkEntries } from "./entry-links.ts"
import { linkRepository } from "./repository-links.ts"
import { slugOf } from "./slug.ts"
import { writeTexts } from "./texts.ts"
import { readSections } from "./pages.ts"
import type { Page } from "./pages.ts"

const ofReference = ["Reference", "API"]
const sidebar = readSections().map(({ title, pages }) => ({ text: title, items: pages.map(item) }))

export default defineConfig({
  lang: "en",
  title: "nightlatch",
  description: manifest.description,
  srcExclude: ["node_modules/**"],
  head: [["meta", { name: "theme-color", content: "#1d4b8f" }]],
  transformHead: ({ siteData }) => [
    ["link", { rel: "icon", type: "image/svg+xml", href: `${siteData.base}favicon.svg` }],
  ],
  // The security page is long.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config(markdown) {
      linkRepository(markdown)
      linkEntries(markdown)
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    nav: [
      { text: "Get started", link: "/getting-started/" },
      { text: "Databases", link: "/databases/" },
      { text: "Guides", link: "/guides/" },
      { text: "Reference", link: "/reference/" },
      { text: "Security", link: "/security" },
    ],
    sidebar: {
      "/": sidebar.filter(({ text }) => !ofReference.includes(text)),
      "/reference/": sidebar.filter(({ text }) => ofReference.includes(text)),
    },
    notFound: {
      title: "Page not found",
      quote: "The address may be old. Use the search, or start at the home page.",
      linkText: "Go to the home page",
      linkLabel: "Go to the home page",
    },
    docFooter: { prev: "Previous page", next: "Next page" },
  },
  buildEnd: ({ outDir, site }) => writeTexts(outDir, site.base),
})

function item({ path, title }: Page): { text: string; link: string } {
  return { text: title, link: `/${path.replace(/index$/, "")}` }
}
