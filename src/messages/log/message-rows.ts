import { maxUuid, minUuid } from "../../lib/uuid.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import { Prisma, type Message } from "../../database/generated/client.ts";
import { toDate, type Flag } from "../../database/raw-row.ts";
import type { ListOwner, ListRange } from "./message-lists.ts";

/** A row as the texts that PostgreSQL sends, in the order of `messageColumns`. */
type MessageRow = readonly (string | null)[];

/** Columns of `messages as m`. Times are in seconds: a number is parsed faster than a date. */
const messageColumns = `
  m.id, m.account_id, m.provider_id, m.campaign_id, m.recipient, m.sender, m.text, m.encoding, m.segments, m.flash,
  m.priority, m.country, m.client_ref, date_part('epoch', m.scheduled_at), date_part('epoch', m.valid_until),
  m.cadence_group_id, m.dlt_template_id, date_part('epoch', m.created_at), m.estimated_cost, m.estimated_currency,
  m.routed, m.route, m.duplicate_policy, m.status, m.listed_as, m.version, m.last_event_tx, m.provider_status,
  m.provider_message_id, m.provider_batch_id, m.failure_code, m.failure_text, m.failure_permanent, m.mccmnc, m.cost,
  m.cost_currency, date_part('epoch', m.submitted_at), date_part('epoch', m.sent_at), date_part('epoch', m.delivered_at),
  date_part('epoch', m.updated_at), date_part('epoch', m.retry_at), m.follows, m.answers, m.answered_campaign_id`;

const toTime = (seconds: string | null | undefined): Date | null =>
  seconds == null ? null : toDate(seconds);
const toAmount = (text: string | null | undefined): Prisma.Decimal | null =>
  text == null ? null : new Prisma.Decimal(text);

function toMessage(row: MessageRow): Message {
  const routeText = row[21] ?? null;
  return {
    id: row[0] as string,
    accountId: row[1] as string,
    providerId: row[2] ?? null,
    campaignId: row[3] ?? null,
    recipient: row[4] as string,
    sender: row[5] as string,
    text: row[6] as string,
    encoding: row[7] as Message["encoding"],
    segments: Number(row[8]),
    flash: (row[9] as Flag) === "t",
    priority: row[10] as Message["priority"],
    country: row[11] ?? null,
    clientRef: row[12] ?? null,
    scheduledAt: toTime(row[13]),
    validUntil: toTime(row[14]),
    cadenceGroupId: row[15] ?? null,
    dltTemplateId: row[16] ?? null,
    createdAt: toTime(row[17]) as Date,
    estimatedCost: toAmount(row[18]),
    estimatedCurrency: row[19] ?? null,
    routed: (row[20] as Flag) === "t",
    /** Parsed on demand: it is large, and seldom asked for. */
    get route() {
      return routeText === null ? null : (JSON.parse(routeText) as Message["route"]);
    },
    duplicatePolicy: row[22] as Message["duplicatePolicy"],
    status: row[23] as Message["status"],
    listedAs: row[24] as Message["listedAs"],
    version: Number(row[25]),
    lastEventTx: BigInt(row[26] ?? 0),
    providerStatus: row[27] ?? null,
    providerMessageId: row[28] ?? null,
    providerBatchId: row[29] ?? null,
    failureCode: row[30] ?? null,
    failureText: row[31] ?? null,
    failurePermanent: row[32] == null ? null : (row[32] as Flag) === "t",
    mccmnc: row[33] ?? null,
    cost: toAmount(row[34]),
    costCurrency: row[35] ?? null,
    submittedAt: toTime(row[36]),
    sentAt: toTime(row[37]),
    deliveredAt: toTime(row[38]),
    updatedAt: toTime(row[39]) as Date,
    retryAt: toTime(row[40]),
    follows: row[41] ?? null,
    answers: row[42] ?? null,
    answeredCampaignId: row[43] ?? null,
  };
}

const readByIds: Statement = {
  name: "read_messages",
  raw: true,
  text: `
    select ${messageColumns}
    from unnest($1::uuid[], $2::uuid[]) as asked (account_id, id)
    join messages as m on m.id = asked.id and m.account_id = asked.account_id`,
};

/** The id of a message and the account that it must belong to. */
export interface OwnedId {
  accountId: string;
  id: string;
}

/**
 * Messages of any accounts in one statement, each only for the account that asks; null for each that does not
 * exist there.
 */
export async function readMessages(
  database: Queryable,
  asked: readonly OwnedId[],
): Promise<(Message | null)[]> {
  const distinct = [...new Map(asked.map((one) => [keyOf(one), one])).values()];
  const values = [distinct.map(({ accountId }) => accountId), distinct.map(({ id }) => id)];
  const rows = await database.query<MessageRow>(readByIds, values);
  const found = new Map(rows.map((row) => [`${row[0]} ${row[1]}`, toMessage(row)]));
  return asked.map((one) => found.get(keyOf(one)) ?? null);
}

const keyOf = ({ accountId, id }: OwnedId): string => `${id} ${accountId}`;

/** Lists without a restriction have an index in their order. */
const readAllIn = (order: "asc" | "desc"): Statement => ({
  name: `read_messages_of_account_${order}`,
  raw: true,
  text: `
    select ${messageColumns}
    from messages as m
    where account_id = $1 and id > $2 and id < $3 and listed_as <> 'RECEIVED'
    order by id ${order}
    limit $4`,
});

const readAll = { asc: readAllIn("asc"), desc: readAllIn("desc") };

/** A page of all messages that an account sends, in one statement. */
export async function readPageOfAccount(
  database: Queryable,
  { id: accountId }: ListOwner,
  { above = minUuid, below = maxUuid, limit, ascending }: ListRange,
): Promise<Message[]> {
  const statement = readAll[ascending ? "asc" : "desc"];
  const rows = await database.query<MessageRow>(statement, [accountId, above, below, limit]);
  return rows.map(toMessage);
}
