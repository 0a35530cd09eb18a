/** The order of ids: rows that several transactions may lock are locked in it, so that none wait for each other in a circle. */
export const compareIds = (one: { id: string }, other: { id: string }): number =>
  one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
