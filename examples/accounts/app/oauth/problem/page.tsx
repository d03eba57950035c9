import type { Metadata } from "next"
import Link from "next/link"
import type { OAuthRefusal } from "nightlatch/oauth"
import { getSession } from "@/lib/auth"

export const metadata: Metadata = { title: "That did not work" }

const problems: Record<OAuthRefusal | "too_many", string> = {
  denied: "You cancelled at the provider. Nothing has changed.",
  expired: "It took more than ten minutes. Start again.",
  mismatch: "This was finished already, or was started in another browser. Start again if you still need it.",
  provider_failed: "The other site did not respond correctly. Try again later, or use another way.",
  key_taken: "That account belongs to another user here. Sign in with it and remove it there first.",
  not_recent: "Too much time has passed since you proved who you are. Start again.",
  too_many: "Too many attempts. Try again in ten minutes.",
}

interface ProblemPageProps {
  searchParams: Promise<{ reason?: string | string[] }>
}

export default async function ProblemPage({ searchParams }: ProblemPageProps) {
  const [{ reason }, member] = [await searchParams, await getSession()]
  const isKnown = (text: unknown): text is keyof typeof problems =>
    typeof text === "string" && Object.hasOwn(problems, text)
  return (
    <>
      <h1>That did not work</h1>
      <p>{problems[isKnown(reason) ? reason : "mismatch"]}</p>
      <p className="actions">
        <Link className="button" href={member ? "/account" : "/sign-in"}>
          {member ? "Your account" : "Sign in"}
        </Link>
      </p>
    </>
  )
}
