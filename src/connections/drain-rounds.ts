import type { Clock } from "../clock.ts";
import type { Database, Statement } from "../database/database.ts";
import { registry } from "../providers/registry.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How long after the last submission a queue is looked into how often, each not more often than that. */
const paces = [
  { untilMs: 5 * minuteMs, everyMs: 0 },
  { untilMs: hourMs, everyMs: 10_000 },
  { untilMs: Infinity, everyMs: minuteMs },
] as const;

/** No report is made later than that: two days of validity, and two in which reports are kept. */
const lastReportMs = 96 * hourMs;

const readQueues: Statement = {
  name: "read_receipt_queues",
  text: `
    select p.id, (select max(started_at) from attempts where provider_id = p.id) as "submittedAt"
    from providers as p
    where p.kind = any ($1) and (p.disconnected_at is null or p.disconnected_at > $2)`,
};

const kinds = Object.values(registry)
  .filter(({ capabilities }) => capabilities.receiptQueue)
  .map(({ kind }) => kind);

/**
 * Says, whenever it is called, into which providers' queues of receipts to look now: into all of them at first, then
 * the less often the longer nothing was submitted. Of disconnected ones, too, while reports may come.
 */
export function createDrainRounds(database: Database, clock: Clock): () => Promise<string[]> {
  const lookedAt = new Map<string, number>();
  return async () => {
    const now = clock.now().getTime();
    const queues = await database.query<{ id: string; submittedAt: Date | null }>(readQueues, [
      kinds,
      new Date(now - lastReportMs),
    ]);
    const due = queues.filter(({ id, submittedAt }) => {
      const sinceSubmissionMs = submittedAt ? now - submittedAt.getTime() : Infinity;
      const everyMs = paces.find(({ untilMs }) => sinceSubmissionMs < untilMs)?.everyMs ?? minuteMs;
      return now - (lookedAt.get(id) ?? -Infinity) >= everyMs;
    });
    for (const { id } of due) lookedAt.set(id, now);
    return due.map(({ id }) => id);
  };
}
