import { expect, test, vi } from "vitest"

import { remember } from "../../src/request/remember.ts"

test("a failure is not kept", async () => {
  const read = vi.fn<() => Promise<number>>().mockRejectedValueOnce(new Error("down")).mockResolvedValue(1)
  const { get } = remember(read)
  await expect(get()).rejects.toThrow("down")
  expect(await get()).toBe(1)
  expect(await get()).toBe(1)
  expect(read).toHaveBeenCalledTimes(2)
})

test("the failure of a read that was forgotten leaves a later one in place", async () => {
  const first = Promise.withResolvers<number>()
  const read = vi.fn<() => Promise<number>>().mockReturnValueOnce(first.promise).mockResolvedValue(1)
  const { get, forget } = remember(read)
  const failing = get()
  forget()
  expect(await get()).toBe(1)
  first.reject(new Error("down"))
  await expect(failing).rejects.toThrow("down")
  expect(await get()).toBe(1)
  expect(read).toHaveBeenCalledTimes(2)
})
