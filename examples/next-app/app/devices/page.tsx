import type { Metadata } from "next"
import { endDevice, endOtherDevices, leaveEverywhere } from "@/app/actions/sessions"
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
      <div className="actions">
        {devices.length > 1 && (
          <form action={endOtherDevices}>
            <button>Sign out everywhere else</button>
          </form>
        )}
        <form action={leaveEverywhere}>
          <button className="quiet">Sign out everywhere</button>
        </form>
      </div>
    </>
  )
})

function DeviceRow({ sessionId, label, signedInAt, isCurrent }: Device) {
  return (
    <li>
      <div>
        <strong>{label}</strong>
        <small>
          Signed in <Time date={signedInAt} />
        </small>
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
