import type { GetServerSidePropsResult } from "next"
import { serverSideProps } from "./auth"
import { readErrors } from "./form-errors"
import type { FormErrors } from "./form-errors"

interface CredentialsProps {
  visitor: null
  errors: FormErrors
}

/** The props of a page that asks for credentials. Whoever is signed in goes on to their profile. */
export const credentialsProps = serverSideProps(
  async ({ query }, member): Promise<GetServerSidePropsResult<CredentialsProps>> =>
    member
      ? { redirect: { destination: "/profile", permanent: false } }
      : { props: { visitor: null, errors: readErrors(query) } },
  { public: true },
)
