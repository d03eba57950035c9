"use client"

import { useEffect } from "react"

interface PasskeySignalsProps {
  rpId: string
  userId: string
  name: string
  ids: string[]
}

/** Tells the browser the account's passkeys and name, so it does not offer removed passkeys. */
export function PasskeySignals({ rpId, userId, name, ids }: PasskeySignalsProps) {
  const known = ids.join()

  useEffect(() => {
    if (!("PublicKeyCredential" in window)) return
    const allAcceptedCredentialIds = known === "" ? [] : known.split(",")
    void PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds })
    void PublicKeyCredential.signalCurrentUserDetails?.({ rpId, userId, name, displayName: name })
  }, [rpId, userId, name, known])

  return null
}
