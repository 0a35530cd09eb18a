import type { Queryable, Statement } from "../../database/database.ts";
import type { Message } from "../../database/generated/client.ts";
import type { DecimalText } from "../../lib/money.ts";
import { cancellable } from "../model/status.ts";

/** A message of a campaign that was not submitted, and what it is made of. */
export interface WaitingText {
  id: string;
  recipient: string;
  sender: string;
  providerId: string;
  country: string | null;
  estimatedCost: DecimalText | null;
  estimatedCurrency: string | null;
  /** Its row in the input; null when it is not known any more. */
  position: number | null;
  /** Null when its values are not kept. */
  given: StoredValues | null;
}

/** The values of a recipient in the order of the campaign's names, or each with the place of its name. */
export type StoredValues = (string | null)[] | [place: string, value: string][];

const readIn = (name: string, lock: string): Statement => ({
  name,
  text: `
    select m.id, m.recipient, m.sender, m.provider_id as "providerId", m.country, m.estimated_cost::text as "estimatedCost",
      m.estimated_currency as "estimatedCurrency", v.position, v.given
    from messages as m
    left join campaign_values as v on v.campaign_id = m.campaign_id and v.message_id = m.id
    where m.id = any ($1::uuid[]) and m.status = any ($2::message_status[]) and m.recipient <> ''
    order by m.id
    ${lock}`,
});

const read = readIn("read_waiting_texts", "");
const lock = readIn("lock_waiting_texts", "for no key update of m");

export const readWaitingTexts = (database: Queryable, ids: readonly string[]): Promise<WaitingText[]> =>
  database.query<WaitingText>(read, [ids, cancellable]);

/** The same, locked until the transaction ends. */
export const lockWaitingTexts = (transaction: Queryable, ids: readonly string[]): Promise<WaitingText[]> =>
  transaction.query<WaitingText>(lock, [ids, cancellable]);

/** What a message is to say. */
export interface WrittenText {
  id: string;
  text: string;
  encoding: Message["encoding"];
  segments: number;
  cost: DecimalText | null;
  currency: string | null;
}

const write: Statement = {
  name: "write_waiting_texts",
  text: `
    update messages as m
    set text = r.text, encoding = r.encoding, segments = r.segments, estimated_cost = r.cost, estimated_currency = r.currency
    from unnest(
      (select $1::uuid[]), (select $2::text[]), (select $3::text_encoding[]), (select $4::smallint[]), (select $5::numeric[]),
      (select $6::text[])
    ) as r (id, text, encoding, segments, cost, currency)
    where m.id = r.id`,
};

/** Writes what locked messages are to say. */
export async function writeWaitingTexts(
  transaction: Queryable,
  texts: readonly WrittenText[],
): Promise<void> {
  await transaction.query(write, [
    texts.map(({ id }) => id),
    texts.map(({ text }) => text),
    texts.map(({ encoding }) => encoding),
    texts.map(({ segments }) => segments),
    texts.map(({ cost }) => cost),
    texts.map(({ currency }) => currency),
  ]);
}
