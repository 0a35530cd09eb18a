/** Fails once all the others have ended: what they wait for may fail too. */
export async function failing(waiting: readonly unknown[], error: unknown): Promise<never> {
  await Promise.allSettled(waiting);
  throw error;
}

/** The same object, once all its values are there. */
export async function settled(object: Record<string, unknown>): Promise<unknown> {
  const names = Object.keys(object);
  const values = await Promise.all(Object.values(object));
  for (const [index, name] of names.entries()) object[name] = values[index];
  return object;
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";

export const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

export const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.iterator in value;
