/** Leaves out what is undefined, so that an absent property is absent. */
export function defined<Properties extends object>(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as Properties
}
