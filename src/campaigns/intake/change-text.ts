import type { Database, Statement } from "../../database/database.ts";
import { NotFoundError, RowsRefusedError, type RefusedRow } from "../../lib/errors.ts";
import { compare, multiply, subtract } from "../../lib/money.ts";
import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import { Slices } from "../../lib/slices.ts";
import { readWaitingTexts, type WaitingText } from "../../messages/changes/waiting-texts.ts";
import { listMessages } from "../../messages/log/message-lists.ts";
import { cancellable } from "../../messages/model/status.ts";
import { restrict } from "../../pricing/routing/restrict.ts";
import type { RoutingTables } from "../../pricing/routing/routing-tables.ts";
import type { Spend } from "../../pricing/spending/ledger.ts";
import { Composer, type Composed, type NewText } from "./compose.ts";
import { maxShownRefusals } from "./store-recipients.ts";
import { readTemplate } from "./template.ts";

interface PlanOptions {
  database: Database;
  routingTables: RoutingTables;
  within: SendRestrictions | undefined;
}

/** Messages read at once. */
export const pageSize = 2_000;

const readNames: Statement = {
  name: "read_value_names_of_campaign",
  text: `select value_names as "valueNames" from campaigns where id = $1 and account_id = $2`,
};

/**
 * Checks a new text for every message of a campaign. Returns what the messages will cost more than they did.
 * @throws RowsRefusedError when some cannot have it, and what is wrong with the text itself
 */
export async function planText(
  { database, routingTables, within }: PlanOptions,
  { accountId, campaignId }: { accountId: string; campaignId: string },
  { text, encoding }: NewText,
): Promise<Spend[]> {
  const template = readTemplate(text);
  const table = restrict(await routingTables.of(accountId, 0), within);
  const [campaign] = await database.query<{ valueNames: string[] | null }>(readNames, [
    campaignId,
    accountId,
  ]);
  if (!campaign) throw new NotFoundError("Campaign", campaignId);
  const composer = new Composer({ template, encoding, table, valueNames: campaign.valueNames });
  composer.checkCommon();
  const costs = new CostTally();
  const slices = new Slices(accountId);
  const first: RefusedRow[] = [];
  let refused = 0;
  for await (const message of waitingTexts(database, campaignId, template.atOnce, slices)) {
    if (slices.isOver) await slices.rest();
    const checked = composer.check(message);
    if ("composed" in checked) costs.add(message, checked.composed);
    else if (++refused <= maxShownRefusals) first.push(checked.refused);
  }
  if (refused > 0) throw new RowsRefusedError(refused, first);
  return costs.more();
}

async function* waitingTexts(
  database: Database,
  campaignId: string,
  atOnce: number,
  slices: Slices,
): AsyncGenerator<WaitingText> {
  const owner = { kind: "campaign", id: campaignId } as const;
  for (let above: string | undefined; ;) {
    const range = { statuses: cancellable, above, limit: Math.min(pageSize, atOnce), ascending: true };
    const ids = await listMessages(database, owner, range);
    if (ids.length === 0) return;
    yield* await readWaitingTexts(database, ids);
    above = ids.at(-1);
    await slices.rest();
  }
}

/** Messages whose costs change alike. */
interface Change {
  country: string | null;
  old: string | null;
  oldCurrency: string | null;
  young: string | null;
  currency: string | null;
  count: number;
}

/** How costs change: there are few different ways, so they are counted. */
class CostTally {
  readonly #changes = new Map<string, Change>();

  add(
    { country, estimatedCost: old, estimatedCurrency: oldCurrency }: WaitingText,
    { cost }: Composed,
  ): void {
    const young = cost?.amount ?? null;
    const currency = cost?.currency ?? null;
    const key = `${country} ${old} ${oldCurrency} ${young} ${currency}`;
    const known = this.#changes.get(key);
    if (known) known.count++;
    else this.#changes.set(key, { country, old, oldCurrency, young, currency, count: 1 });
  }

  /** What is to be counted as spent. What costs less than before gives nothing back, as a cancelled message does not. */
  more(): Spend[] {
    return [...this.#changes.values()].flatMap(({ country, old, oldCurrency, young, currency, count }) => {
      if (young === null) return old === null ? [] : { country, amount: null, currency: null };
      const rest = old !== null && oldCurrency === currency ? subtract(young, old) : young;
      return compare(rest, "0") > 0 ? { country, amount: multiply(rest, count), currency } : [];
    });
  }
}
