import type { Connections } from "../connections/connections.ts";
import type { Database, Statement } from "../database/database.ts";
import { identifyMessages } from "../messages/receipts/receipts.ts";
import type { Receipt } from "../providers/provider.ts";
import { listCallbacks, type InboxRange, type StoredBody } from "./list-callbacks.ts";

/** What became of one receipt. */
export type ReceiptFate = "APPLIED" | "IGNORED" | "REPEATED" | "PARKED" | "UNMATCHED";

/** A receipt as the present adapter reads it from a stored body. */
export interface ReadReceipt {
  receipt: Receipt;
  messageId: string | null;
  fate: ReceiptFate;
  ignoredReason: string | null;
}

/** The most receipts that are shown of one callback. */
export const maxShown = 100;

const readEvents: Statement = {
  name: "read_events_of_receipts",
  text: `
    select message_id as "messageId", status, part, applied, ignored_reason as "ignoredReason"
    from message_events
    where message_id = any ($1::uuid[]) and received_at = any ($2::timestamptz[])`,
};

const readParked: Statement = {
  name: "read_parked_ids",
  text: `
    select distinct provider_message_id as id from parked_receipts
    join unnest($1::uuid[], $2::text[]) as wanted (provider, id)
      on provider_id = wanted.provider and provider_message_id = wanted.id`,
};

interface EventOfReceipt {
  messageId: string;
  status: string;
  part: number;
  applied: boolean;
  ignoredReason: string | null;
}

/** Reads bodies with the present adapters, and finds what became of their receipts. */
async function readBodies(
  { database, connections }: { database: Database; connections: Connections },
  bodies: readonly StoredBody[],
): Promise<Map<bigint, ReadReceipt[]>> {
  const read = await Promise.all(
    bodies.map(async (body) => {
      const connection = await connections.get(body.providerId);
      const reading = connection?.parseCallback(body.body, body.contentType ?? undefined);
      const receipts = reading?.kind === "receipts" ? reading.receipts.slice(0, maxShown) : [];
      return receipts.map((receipt) => ({ ...body, receipt }));
    }),
  );
  const received = read.flat();
  const identified = await identifyMessages(database, received);
  const ids = identified.flatMap(({ messageId }) => messageId ?? []);
  const [events, parked] = await Promise.all([
    ids.length === 0
      ? []
      : database.query<EventOfReceipt>(readEvents, [ids, bodies.map(({ receivedAt }) => receivedAt)]),
    readParkedOf(database, received),
  ]);
  const shown = received.map(({ id, receipt }, index) => {
    const messageId = identified[index]?.messageId ?? null;
    const isParked = parked.has(receipt.providerMessageId ?? "");
    return { id, shown: { receipt, messageId, ...fateOf(receipt, messageId, events, isParked) } };
  });
  const byBody = Map.groupBy(shown, ({ id }) => id);
  return new Map([...byBody].map(([id, rows]) => [id, rows.map((row) => row.shown)]));
}

/** A callback with the receipts in it. */
export type ReadCallback = StoredBody & { receipts: ReadReceipt[] };

const isUnmatched = ({ fate }: ReadReceipt): boolean => fate === "PARKED" || fate === "UNMATCHED";

/** Whether what is read today still is what was asked for: an unmatched receipt may have found its message since. */
function createCheck({
  isUnmatched: wantsUnmatched,
  messageId,
}: InboxRange): (callback: ReadCallback) => boolean {
  return ({ receipts }) =>
    (!wantsUnmatched || receipts.some(isUnmatched)) &&
    (messageId === undefined || receipts.some((receipt) => receipt.messageId === messageId));
}

/** Lists callbacks with what became of their receipts. For those that turn out not to be meant, the next ones are read. */
export async function readInbox(
  context: { database: Database; connections: Connections },
  range: InboxRange,
): Promise<ReadCallback[]> {
  const found: ReadCallback[] = [];
  const isMeant = createCheck(range);
  let bounds: Pick<InboxRange, "above" | "below"> = range;
  for (;;) {
    const bodies = await listCallbacks(context.database, { ...range, ...bounds });
    const receipts = await readBodies(context, bodies);
    const read = bodies.map((body) => ({ ...body, receipts: receipts.get(body.id) ?? [] }));
    found.push(...read.filter(isMeant));
    const last = bodies.at(-1)?.id;
    if (found.length >= range.limit || bodies.length < range.limit) return found.slice(0, range.limit);
    bounds = range.ascending ? { ...bounds, above: last } : { ...bounds, below: last };
  }
}

async function readParkedOf(
  database: Database,
  received: readonly { providerId: string; receipt: Receipt }[],
): Promise<ReadonlySet<string>> {
  const wanted = received.filter(({ receipt }) => receipt.providerMessageId !== undefined);
  if (wanted.length === 0) return new Set();
  const values = [
    wanted.map(({ providerId }) => providerId),
    wanted.map(({ receipt }) => receipt.providerMessageId),
  ];
  return new Set((await database.query<{ id: string }>(readParked, values)).map(({ id }) => id));
}

function fateOf(
  { status, part }: Receipt,
  messageId: string | null,
  events: readonly EventOfReceipt[],
  isParked: boolean,
): Pick<ReadReceipt, "fate" | "ignoredReason"> {
  if (messageId === null) return { fate: isParked ? "PARKED" : "UNMATCHED", ignoredReason: null };
  const own = events.filter((event) => event.messageId === messageId && event.part === part);
  // The last of several parts has the status of the whole message.
  const event = own.find((one) => one.status === status) ?? own.find(({ applied }) => applied);
  if (!event) return { fate: "REPEATED", ignoredReason: null };
  return event.applied
    ? { fate: "APPLIED", ignoredReason: null }
    : { fate: "IGNORED", ignoredReason: event.ignoredReason };
}

const count: Statement = {
  name: "count_inbox",
  text: `
    select
      (select count(*)::int from (
        select from callbacks where provider_id = $1 and state = 'QUARANTINED' limit $2
      ) as q) as quarantined,
      (select count(*)::int from (select from parked_receipts where provider_id = $1 limit $3) as p) as unmatched`,
};

/** How full the inbox of a provider is. */
export async function countInbox(
  database: Database,
  providerId: string,
  limits: { quarantined: number; unmatched: number },
): Promise<{ quarantined: number; unmatched: number }> {
  const values = [providerId, limits.quarantined, limits.unmatched];
  const [row] = await database.query<{ quarantined: number; unmatched: number }>(count, values);
  return row ?? { quarantined: 0, unmatched: 0 };
}
