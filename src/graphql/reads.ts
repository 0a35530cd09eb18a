import { readCampaigns } from "../campaigns/campaign-rows.ts";
import { readProviders } from "../connections/provider-rows.ts";
import type { Database } from "../database/database.ts";
import type { Campaign, Message, Provider } from "../database/generated/client.ts";
import { Batcher } from "../lib/batcher.ts";
import { SharedReads } from "../lib/shared-reads.ts";
import { readAttention, type Attention } from "../messages/statistics/attention.ts";
import type { ExpectedLags } from "../messages/statistics/expected-lag.ts";
import { readTimelinesOf, type TimelineRange } from "../messages/log/timelines.ts";
import type { LoggedEvent } from "../messages/log/logged-event.ts";
import { listMessages, type ListOwner, type ListRange } from "../messages/log/message-lists.ts";
import { readMessages, readPageOfAccount, type OwnedId } from "../messages/log/message-rows.ts";

const maxBatchSize = 500;

interface Page {
  accountId: string;
  owner: ListOwner;
  range: ListRange;
}

interface AttentionOf {
  accountId: string;
  lags: ExpectedLags;
  now: Date;
}

interface Timelines {
  messageIds: readonly string[];
  range: TimelineRange;
}

/**
 * Combines reads that many requests need at the same time. A statement is sent only after every request that
 * gets its answer has asked, so each request sees everything committed before it began. Rows are returned
 * only to the account that owns them.
 */
export class Reads {
  readonly #messages: Batcher<OwnedId, Message | null>;
  readonly #providers: Batcher<OwnedId, Provider | null>;
  readonly #campaigns: Batcher<OwnedId, Campaign | null>;
  readonly #pages: SharedReads<Page, ListedMessage[]>;
  readonly #attention: SharedReads<AttentionOf, Attention[]>;
  readonly #timelines: SharedReads<Timelines, Map<string, LoggedEvent[]>>;

  constructor(database: Database) {
    this.#messages = new Batcher((asked) => readMessages(database, asked), maxBatchSize);
    this.#providers = new Batcher(
      async (asked) => owned(asked, await readProviders(database, idsOf(asked))),
      maxBatchSize,
    );
    this.#campaigns = new Batcher(
      async (asked) => owned(asked, await readCampaigns(database, idsOf(asked))),
      maxBatchSize,
    );
    this.#pages = new SharedReads(JSON.stringify, async (page) =>
      this.#withOwners(await readPage(database, page)),
    );
    this.#attention = new SharedReads(
      ({ accountId }) => accountId,
      ({ accountId, lags, now }) => readAttention(database, accountId, lags, now),
    );
    this.#timelines = new SharedReads(
      ({ messageIds, range: { after, before, limit, inverted } }) =>
        `${after} ${before} ${limit} ${inverted} ${messageIds.join(" ")}`,
      ({ messageIds, range }) => readTimelinesOf(database, messageIds, range),
    );
  }

  /** Null where the account has no such message. */
  message(accountId: string, id: string): Promise<Message | null> {
    return this.#messages.add({ accountId, id });
  }

  provider(accountId: string, id: string): Promise<Provider | null> {
    return this.#providers.add({ accountId, id });
  }

  campaign(accountId: string, id: string): Promise<Campaign | null> {
    return this.#campaigns.add({ accountId, id });
  }

  /** What a person should look at now. It asks many tables, so an account asks one at a time. */
  attention(accountId: string, lags: ExpectedLags, now: Date): Promise<Attention[]> {
    return this.#attention.ask({ accountId, lags, now });
  }

  /** A page of an owner's messages, limited to this account, with their providers and campaigns. */
  page(accountId: string, owner: ListOwner, range: ListRange): Promise<ListedMessage[]> {
    return this.#pages.ask({ accountId, owner, range });
  }

  /**
   * A page has few providers and campaigns. Resolvers that find them beside the message need no promise for
   * each row, and rows without promises are answered in about half the time.
   */
  async #withOwners(messages: readonly Message[]): Promise<ListedMessage[]> {
    const [providers, campaigns] = await Promise.all([
      readEach(this.#providers, messages, ({ providerId }) => providerId),
      readEach(this.#campaigns, messages, ({ campaignId }) => campaignId),
    ]);
    return messages.map((message) =>
      Object.assign(message, {
        provider: providers.get(message.providerId) ?? null,
        campaign: campaigns.get(message.campaignId) ?? null,
      }),
    );
  }

  /**
   * The same page range of several timelines. The caller has already read these messages for their account.
   */
  timelines(messageIds: readonly string[], range: TimelineRange): Promise<Map<string, LoggedEvent[]>> {
    return this.#timelines.ask({ messageIds, range });
  }
}

/** A message of a page, with what it belongs to. */
export type ListedMessage = Message & { provider: Provider | null; campaign: Campaign | null };

/** The distinct rows that messages of one account refer to, by id. */
async function readEach<Row>(
  rows: Batcher<OwnedId, Row | null>,
  messages: readonly Message[],
  idOf: (message: Message) => string | null,
): Promise<Map<string | null, Row | null>> {
  const asked = new Map<string | null, OwnedId>();
  for (const message of messages) {
    const id = idOf(message);
    if (id !== null) asked.set(id, { accountId: message.accountId, id });
  }
  const read = [...asked].map(async ([id, ownedId]) => [id, await rows.add(ownedId)] as const);
  return new Map(await Promise.all(read));
}

const idsOf = (asked: readonly OwnedId[]): string[] => [...new Set(asked.map(({ id }) => id))];

function owned<Row extends OwnedId>(asked: readonly OwnedId[], rows: readonly Row[]): (Row | null)[] {
  const found = new Map(rows.map((row) => [row.id, row]));
  return asked.map(({ id, accountId }) => {
    const row = found.get(id);
    return row?.accountId === accountId ? row : null;
  });
}

async function readPage(database: Database, { accountId, owner, range }: Page): Promise<Message[]> {
  if (owner.kind === "account" && !range.statuses) return readPageOfAccount(database, owner, range);
  const ids = await listMessages(database, owner, range);
  const rows = await readMessages(
    database,
    ids.map((id) => ({ accountId, id })),
  );
  return rows.filter((row) => row !== null);
}
