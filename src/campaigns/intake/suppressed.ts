import type { Queryable } from "../../database/database.ts";
import { findSuppressions } from "../../suppressions/suppression.ts";
import type { Accepted } from "./check.ts";
import type { Chunk } from "./store-recipients.ts";

/** Refuses those recipients that are not to be texted, as storing them would. */
export async function withoutSuppressed(
  database: Queryable,
  accountId: string,
  chunk: Chunk,
): Promise<Chunk & { suppressed: number }> {
  const wanted = chunk.accepted.map(({ to, shape: { sender } }) => ({ to, sender }));
  const errors = await findSuppressions(database, accountId, wanted);
  const accepted: Accepted[] = [];
  const refused = [...chunk.refused];
  for (const [index, one] of chunk.accepted.entries()) {
    const error = errors[index];
    if (!error) accepted.push(one);
    else refused.push({ position: one.position, recipient: one.to, code: error.code, reason: error.message });
  }
  const suppressed = chunk.accepted.length - accepted.length;
  refused.sort((one, other) => one.position - other.position);
  return { ...chunk, accepted, refused, suppressed };
}
