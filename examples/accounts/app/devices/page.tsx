import type { Metadata } from "next"
import { endDevice, endOtherDevices } from "@/app/actions/account"
import { Time } from "@/app/ui/time"
import { protectedPage } from "@/lib/auth"
import { listDevices } from "@/lib/dal"
import type { Device } from "@/lib/dal"

export const metadata: Metadata = { title: "Devices" }

export default protectedPage(async () => {
  const devices = await listDevices()
  return (
    <>
      <h1>Devices</h1>
      <ul className="rows">
        {devices.map((device) => (
          <DeviceRow key={device.sessionId} {...device} />
        ))}
      </ul>
      {devices.length > 1 && (
        <form action={endOtherDevices}>
          <button>Sign out everywhere else</button>
        </form>
      )}
    </>
  )
})

function DeviceRow({ sessionId, label, signedInAt, isCurrent, isBound }: Device) {
  return (
    <li>
      <div>
        <strong>{label}</strong>
        <small>
          Signed in <Time date={signedInAt} />
        </small>
        {isBound && <small>Bound to its machine</small>}
      </div>
      {isCurrent ? <span className="badge">This device</span> : <EndDevice sessionId={sessionId} label={label} />}
    </li>
  )
}

function EndDevice({ sessionId, label }: { sessionId: string; label: string }) {
  return (
    <form action={endDevice}>
      <input type="hidden" name="session" value={sessionId} />
      <button className="quiet">
        Sign out<span className="hidden"> {label}</span>
      </button>
    </form>
  )
}
