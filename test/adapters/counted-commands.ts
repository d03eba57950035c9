/** Notes the name of each method of a client that is called. */
export function counting<Client extends object>(client: Client): { counted: Client; commands: string[] } {
  const commands: string[] = []
  const counted = new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== "function") return member
      return (...args: unknown[]) => {
        commands.push(String(name))
        return member.apply(target, args) as unknown
      }
    },
  })
  return { counted, commands }
}
