import { columns } from "../database/columns.ts";
import type { Queryable, Statement } from "../database/database.ts";
import type { Campaign } from "../database/generated/client.ts";

const campaignColumns = columns<keyof Campaign>({
  id: "uuid",
  accountId: "uuid",
  name: "text",
  status: "campaign_status",
  providerId: "uuid",
  sender: "text",
  text: "text",
  priority: "message_priority",
  scheduledAt: "timestamptz",
  timeZone: "text",
  windowStart: "smallint",
  windowEnd: "smallint",
  windowDays: "smallint",
  observeHolidays: "boolean",
  endsAt: "timestamptz",
  version: "int",
  messagesPerSecond: "float8",
  createdAt: "timestamptz",
  startedAt: "timestamptz",
  completedAt: "timestamptz",
  updatedAt: "timestamptz",
  total: "int",
  refused: "int",
  duplicatesRemoved: "int",
  suppressed: "int",
  importedAt: "timestamptz",
  importUntil: "timestamptz",
  idempotencyKey: "text",
  fingerprint: "bytea",
  tokens: "float8",
  refilledAt: "timestamptz",
  rate: "float8",
  sampledAt: "timestamptz",
  sampledDone: "int",
  servedAs: "compat_api",
  callbackUrl: "text",
  valueNames: "text[]",
  encoding: "text",
  rewrittenTo: "uuid",
});

const readByIds: Statement = {
  name: "read_campaigns",
  text: `select ${campaignColumns.readFrom("c")} from campaigns as c where c.id = any ($1::uuid[])`,
};

/** Campaigns of any account; ids that do not exist are absent. */
export const readCampaigns = (database: Queryable, ids: readonly string[]): Promise<Campaign[]> =>
  database.query<Campaign>(readByIds, [ids]);
