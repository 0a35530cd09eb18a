import { execute, type Database, type Queryable, type Statement } from "../../database/database.ts";
import { shareOfProvider } from "../../database/provider-share.ts";
import type { InboundReading } from "../../providers/provider.ts";
import { storeInbound, type ReceivedInbound } from "./store-inbound.ts";

/**
 * The most parked answers of one provider, of an account with few. More would belong to messages that never existed, posted by someone who has
 * its callback URL.
 */
export const maxParkedInbound = 10_000;

const park: Statement = {
  name: "park_inbound",
  text: `
    insert into parked_inbound (provider_id, answers_id, reading, source, received_at)
    select "providerId", "answersId", reading, source, "receivedAt"
    from json_to_recordset($1) as i (
      "providerId" uuid, "answersId" text, reading jsonb, source event_source, "receivedAt" timestamptz
    )
    where exists (select from providers where id = i."providerId")`,
};

const readRoom: Statement = {
  name: "read_room_for_parked_inbound",
  text: `
    select w.id as "providerId", greatest(0, ${shareOfProvider(maxParkedInbound, "w.id")} - p.number)::int as room
    from unnest($1::uuid[]) as w (id)
    cross join lateral (
      select count(*)::int as number
      from (select from parked_inbound where provider_id = w.id limit ${maxParkedInbound}) as counted
    ) as p`,
};

/**
 * Stores what people wrote. An answer that only names a message whose id at the provider is not known yet, since it came
 * before the answer to the submission was stored, is parked until the message is known. Returns what was not kept,
 * because its provider has too many parked answers already.
 */
export async function storeOrPark(
  transaction: Queryable,
  received: readonly ReceivedInbound[],
): Promise<ReadonlySet<InboundReading>> {
  const strange = await storeInbound(transaction, received);
  if (strange.length === 0) return new Set();
  const providers = [...new Set(strange.map(({ providerId }) => providerId))];
  const rooms = await transaction.query<{ providerId: string; room: number }>(readRoom, [providers]);
  const kept = rooms.flatMap(({ providerId, room }) =>
    strange.filter((one) => one.providerId === providerId).slice(0, room),
  );
  const rows = kept.map(({ reading, ...from }) => ({
    ...from,
    answersId: reading.answersProviderMessageId,
    reading: storable(reading),
  }));
  if (rows.length > 0) await execute(transaction, park, [JSON.stringify(rows)]);
  const isKept = new Set(kept);
  return new Set(strange.filter((one) => !isKept.has(one)).map(({ reading }) => reading));
}

/** PostgreSQL stores neither NUL nor a lone surrogate. */
const storable = (reading: InboundReading): object =>
  Object.fromEntries(
    Object.entries(reading).map(([key, value]) => [
      key,
      typeof value === "string" ? value.replaceAll("\0", "").toWellFormed() : (value as unknown),
    ]),
  );

const sweepSize = 500;

// Looked at less and less often, down to every hour: what finds no message soon mostly belongs to none.
const takeDue: Statement = {
  name: "take_due_parked_inbound",
  text: `
    with due as (
      select p.id, exists (
        select from messages as m
        where m.provider_id = p.provider_id and m.provider_message_id = p.answers_id and m.recipient <> ''
      ) as "isKnown"
      from parked_inbound as p
      where check_at <= now()
      order by check_at
      limit ${sweepSize}
      for no key update skip locked
    ), postponed as (
      update parked_inbound as p
      set checks = p.checks + 1, check_at = now() + interval '2 seconds' * 2 ^ least(p.checks, 11)
      from due
      where p.id = due.id and not due."isKnown"
    ), taken as (
      delete from parked_inbound as p
      using due
      where p.id = due.id and due."isKnown"
      returning p.id, p.provider_id, p.reading, p.source, p.received_at
    )
    select provider_id as "providerId", reading, source, received_at as "receivedAt", (select count(*)::int from due) as due
    from (select) as always left join taken on true
    order by taken.id`,
};

type StoredReading = Omit<InboundReading, "sentAt"> & { sentAt?: string };

type Taken = Omit<ReceivedInbound, "reading"> & { due: number; reading: StoredReading | null };

/** Stores parked answers whose message is known by now. Returns their number. */
export async function sweepParkedInbound(database: Pick<Database, "transaction">): Promise<number> {
  let stored = 0;
  let due: number;
  do {
    const taken = await database.transaction(async (transaction) => {
      const rows = await transaction.query<Taken>(takeDue, []);
      await storeInbound(transaction, rows.flatMap(toReceived));
      return rows;
    });
    stored += taken.flatMap(toReceived).length;
    due = taken[0]?.due ?? 0;
  } while (due === sweepSize);
  return stored;
}

function toReceived({ due: _due, reading, ...from }: Taken): ReceivedInbound[] {
  if (reading === null) return [];
  const { sentAt, ...words } = reading;
  return [{ ...from, reading: { ...words, ...(sentAt !== undefined && { sentAt: new Date(sentAt) }) } }];
}

const erase: Statement = {
  name: "erase_parked_inbound",
  text: `
    delete from parked_inbound
    where provider_id in (select id from providers where account_id = $1) and strpos(reading::text, $2) > 0`,
};

/** Erases parked answers in which a number stands. */
export const eraseParkedInbound = (database: Database, accountId: string, number: string): Promise<void> =>
  execute(database, erase, [accountId, number.slice(1)]);
