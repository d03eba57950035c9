import { providerChoices } from "@/lib/providers"

interface ProviderButtonsProps {
  action: (form: FormData) => Promise<unknown>
  /** Such as "Sign in with". */
  verb: string
  next?: string
  /** Show only these providers. Default: all. */
  only?: string[]
}

/** A form for each configured provider. */
export function ProviderButtons({ action, verb, next = "", only }: ProviderButtonsProps) {
  const shown = providerChoices.filter(({ id }) => only?.includes(id) ?? true)
  return shown.map(({ id, label }) => (
    <form key={id} action={action as (form: FormData) => Promise<void>} className="provider">
      <input type="hidden" name="provider" value={id} />
      <input type="hidden" name="next" value={next} />
      <button className="quiet">
        {verb} {label}
      </button>
    </form>
  ))
}
