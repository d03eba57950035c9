import type { Metadata } from "next"
import { Time } from "@/app/ui/time"
import { protectedPage } from "@/lib/auth"
import { listActivity } from "@/lib/dal"

export const metadata: Metadata = { title: "Recent activity" }

export default protectedPage(async () => {
  const activity = await listActivity()
  return (
    <>
      <h1>Recent activity</h1>
      <p className="lead">Do you see something that you did not do? Change your password.</p>
      <ul className="rows">
        {activity.map(({ id, at, what }) => (
          <li key={id}>
            <span>{what}</span>
            <small>
              <Time date={at} />
            </small>
          </li>
        ))}
      </ul>
    </>
  )
})
