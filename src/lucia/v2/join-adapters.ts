import type { Adapter, InitializeAdapter, SessionAdapter, UserAdapter } from "./lucia-adapter.ts"

type AnyAdapter = InitializeAdapter<Adapter | SessionAdapter | UserAdapter>

/** Makes one adapter of several: methods of the later ones replace those of the earlier. */
export function joinAdapters(
  baseAdapter: AnyAdapter,
  ...adapters: (Partial<Adapter> | AnyAdapter)[]
): InitializeAdapter<Adapter> {
  return (LuciaError) => {
    const parts = adapters.map((adapter) => (typeof adapter === "function" ? adapter(LuciaError) : adapter))
    return Object.assign(baseAdapter(LuciaError), ...parts)
  }
}
