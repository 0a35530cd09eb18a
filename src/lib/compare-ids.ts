/**
 * The order of ids. Transactions that lock several rows lock them in this order, which prevents deadlocks.
 */
export const compareIds = (one: { id: string }, other: { id: string }): number =>
  one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
