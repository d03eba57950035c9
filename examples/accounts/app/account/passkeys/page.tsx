import type { Metadata } from "next"
import { addPasskey, removePasskey, renamePasskey } from "@/app/actions/passkeys"
import { PasskeyForm } from "@/app/ui/passkey-form"
import { PasskeySignals } from "@/app/ui/passkey-signals"
import { Time } from "@/app/ui/time"
import { passkeys, protectedPage, recently } from "@/lib/auth"
import { listPasskeys } from "@/lib/dal"
import type { OwnPasskey } from "@/lib/dal"

export const metadata: Metadata = { title: "Passkeys" }

const notices: Record<string, string> = {
  renamed: "Your passkey has a new name.",
  removed: "The passkey was removed.",
  "not-renamed": "A name has 1 to 255 characters.",
}

interface PasskeysPageProps {
  searchParams: Promise<{ done?: string | string[] }>
}

export default protectedPage(
  async ({ user }, { searchParams }: PasskeysPageProps) => {
    const [{ done }, own] = [await searchParams, await listPasskeys()]
    const notice = typeof done === "string" && Object.hasOwn(notices, done) ? notices[done] : undefined
    const question = await passkeys.registrationOptions({ userId: user.id, name: user.email })
    return (
      <>
        <h1>Passkeys</h1>
        {notice && (
          <p className="notice" role="status">
            {notice}
          </p>
        )}
        <p className="lead">
          A passkey signs you in with your fingerprint, face or PIN instead of a password, and no other site can ask for
          it.
        </p>
        <ul className="rows">
          {own.map((passkey) => (
            <PasskeyRow key={passkey.id} {...passkey} />
          ))}
        </ul>
        <PasskeyForm action={addPasskey} button="Add a passkey" question={question} />
        <PasskeySignals
          rpId={question.options.rp.id}
          userId={question.options.user.id}
          name={user.email}
          ids={own.map(({ id }) => id)}
        />
      </>
    )
  },
  { authorize: recently, path: "/account/passkeys" },
)

function PasskeyRow({ id, name, addedAt, usedAt }: OwnPasskey) {
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <small>
          Added <Time date={addedAt} />
          {usedAt && (
            <>
              , last used <Time date={usedAt} />
            </>
          )}
        </small>
      </div>
      <form action={renamePasskey} className="inline">
        <input type="hidden" name="id" value={id} />
        <input name="name" defaultValue={name} aria-label={`New name of ${name}`} maxLength={100} required />
        <button className="quiet">
          Rename<span className="hidden"> {name}</span>
        </button>
      </form>
      <form action={removePasskey}>
        <input type="hidden" name="id" value={id} />
        <button className="quiet">
          Remove<span className="hidden"> {name}</span>
        </button>
      </form>
    </li>
  )
}
