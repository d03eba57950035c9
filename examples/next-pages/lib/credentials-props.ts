import type { GetServerSidePropsResult } from "next"
import { safeRedirect } from "nightlatch/web"
import { serverSideProps } from "./auth"
import { readErrors } from "./form-errors"
import type { FormErrors } from "./form-errors"

interface CredentialsProps {
  visitor: null
  errors: FormErrors
  /** Where to go when it is done. */
  next: string
}

/** The props of a page that asks for credentials. Redirects signed-in users to the page that they wanted. */
export const credentialsProps = serverSideProps(
  async ({ query }, member): Promise<GetServerSidePropsResult<CredentialsProps>> => {
    // The proxy has put it there, and anyone can write such an address.
    const next = safeRedirect(query.next, "/profile")
    if (member) return { redirect: { destination: next, permanent: false } }
    return { props: { visitor: null, errors: readErrors(query), next } }
  },
  { public: true },
)
