import type { InferGetServerSidePropsType } from "next"
import { Form } from "../components/form"
import { Layout } from "../components/layout"
import { Time } from "../components/time"
import { serverSideProps } from "../lib/auth"
import { listDevices, visitorOf } from "../lib/data-access"
import type { DeviceDto } from "../lib/data-access"

export const getServerSideProps = serverSideProps(async (_context, member) => ({
  props: { visitor: visitorOf(member), devices: await listDevices(member) },
}))

export default function Devices({ devices }: InferGetServerSidePropsType<typeof getServerSideProps>) {
  return (
    <Layout title="Devices">
      <ul className="devices">
        {devices.map((device) => (
          <Device key={device.id} {...device} />
        ))}
      </ul>
      <div className="actions">
        {devices.length > 1 && (
          <Form action="/api/devices">
            {() => (
              <button name="session" value="others">
                Sign out everywhere else
              </button>
            )}
          </Form>
        )}
        <Form action="/api/devices">
          {() => (
            <button className="quiet" name="session" value="all">
              Sign out everywhere
            </button>
          )}
        </Form>
      </div>
    </Layout>
  )
}

function Device({ id, label, signedInAt, isCurrent }: DeviceDto) {
  return (
    <li>
      <div>
        <strong>{label}</strong>
        <small>
          Signed in <Time iso={signedInAt} />
        </small>
      </div>
      {isCurrent ? <span className="badge">This device</span> : <SignOutDevice id={id} label={label} />}
    </li>
  )
}

function SignOutDevice({ id, label }: { id: string; label: string }) {
  return (
    <Form action="/api/devices">
      {() => (
        <button className="quiet" name="session" value={id}>
          Sign out<span className="hidden"> {label}</span>
        </button>
      )}
    </Form>
  )
}
