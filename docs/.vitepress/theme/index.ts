import { useRoute } from "vitepress"
import type { Theme } from "vitepress"
import theme from "vitepress/theme-without-fonts"
import { nextTick, onMounted, watch } from "vue"
import "./colours.css"

export default {
  extends: theme,
  setup() {
    const route = useRoute()
    onMounted(markMain)
    watch(
      () => route.path,
      () => nextTick(markMain),
    )
  },
} satisfies Theme

/** The default theme has a main landmark on ordinary pages only, not at home and not where there is no page. */
function markMain(): void {
  const content = document.querySelector(".VPContent")
  if (content?.querySelector("main")) content.removeAttribute("role")
  else content?.setAttribute("role", "main")
}
