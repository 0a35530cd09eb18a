import type { Database, Queryable, Statement } from "../../database/database.ts";
import { add, compare, subtract } from "../../lib/money.ts";
import type { SendInput } from "../../messages/accept/send-input.ts";
import { campaignChannel } from "../../messages/changes/tallies.ts";
import {
  lockWaitingTexts,
  writeWaitingTexts,
  type WaitingText,
  type WrittenText,
} from "../../messages/changes/waiting-texts.ts";
import { listMessages } from "../../messages/log/message-lists.ts";
import { cancellable } from "../../messages/model/status.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import { pageSize } from "./change-text.ts";
import { Composer } from "./compose.ts";
import { parseTemplate } from "./template.ts";

interface RewriteOptions {
  database: Database;
  routingTables: RoutingTables;
}

/** A campaign whose messages get its new text. */
interface Rewritten {
  text: string;
  encoding: SendInput["encoding"];
  valueNames: string[] | null;
  /** The last message that has it. */
  rewrittenTo: string;
}

const lock: Statement = {
  name: "lock_campaign_to_rewrite",
  text: `
    select text, encoding, value_names as "valueNames", rewritten_to as "rewrittenTo"
    from campaigns where id = $1 and rewritten_to is not null
    for no key update`,
};

const advance: Statement = {
  name: "note_rewritten_messages",
  text: `
    with noted as (
      update campaigns set rewritten_to = $2::uuid, updated_at = greatest(updated_at, now()) where id = $1 returning id
    )
    select pg_notify('${campaignChannel}', id::text) from noted where $2::uuid is null`,
};

/**
 * Gives the messages of a campaign its new text, page after page, until all have it or `signal` aborts. Several may do so at
 * once, and any of them goes on where another stopped. Nothing of the campaign is sent before the end.
 */
export async function rewriteCampaign(
  options: RewriteOptions,
  campaignId: string,
  signal?: AbortSignal,
): Promise<void> {
  const { database, routingTables } = options;
  const [owner] = await database.query<{ accountId: string }>(findOwner, [campaignId]);
  if (!owner) return;
  for (;;) {
    const table = await routingTables.of(owner.accountId);
    const isMore = await rewriteSome(database, campaignId, table);
    if (!isMore || signal?.aborted === true) return;
  }
}

const findOwner: Statement = {
  name: "find_owner_of_rewritten_campaign",
  text: `select account_id as "accountId" from campaigns where id = $1 and rewritten_to is not null`,
};

/** Returns whether there may be more. */
async function rewriteSome(database: Database, campaignId: string, table: RoutingTable): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const [campaign] = await transaction.query<Rewritten>(lock, [campaignId]);
    if (!campaign) return false;
    const template = parseTemplate(campaign.text);
    const limit = Math.min(pageSize, template.atOnce);
    const range = { statuses: cancellable, above: campaign.rewrittenTo, limit, ascending: true };
    const ids = await listMessages(transaction, { kind: "campaign", id: campaignId }, range);
    const { encoding, valueNames } = campaign;
    const composer = new Composer({ template, encoding, valueNames, table });
    const messages = await lockWaitingTexts(transaction, ids);
    await writeAll(transaction, campaignId, messages, composer);
    await transaction.query(advance, [campaignId, ids.at(-1) ?? null]);
    return ids.length > 0;
  });
}

async function writeAll(
  transaction: Queryable,
  campaignId: string,
  messages: readonly WaitingText[],
  composer: Composer,
): Promise<void> {
  const sums = new Map<string, string>();
  const count = (currency: string | null, amount: string | null, change: typeof add): void => {
    if (currency !== null && amount !== null) sums.set(currency, change(sums.get(currency) ?? "0", amount));
  };
  const texts = messages.map((message): WrittenText => {
    const { content, cost } = composer.compose(message);
    count(message.estimatedCurrency, message.estimatedCost, subtract);
    count(cost?.currency ?? null, cost?.amount ?? null, add);
    const { text, encoding, segments } = content;
    const price = { cost: cost?.amount ?? null, currency: cost?.currency ?? null };
    return { id: message.id, text, encoding, segments, ...price };
  });
  await writeWaitingTexts(transaction, texts);
  const changes = [...sums].filter(([, amount]) => compare(amount, "0") !== 0);
  if (changes.length > 0) await transaction.query(addEstimates, [campaignId, ...listsOf(changes)]);
}

const listsOf = (changes: readonly (readonly [string, string])[]): [string[], string[]] => [
  changes.map(([currency]) => currency),
  changes.map(([, amount]) => amount),
];

const addEstimates: Statement = {
  name: "add_to_campaign_estimates",
  text: `
    insert into campaign_estimates as e (campaign_id, currency, amount)
    select $1, currency, amount from unnest($2::text[], $3::numeric[]) as r (currency, amount)
    order by currency
    on conflict (campaign_id, currency) do update set amount = e.amount + excluded.amount`,
};
