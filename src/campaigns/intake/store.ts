import { parameters } from "../../database/columns.ts";
import { arrayLiteral, element } from "../../database/array-literal.ts";
import { keyHours } from "../../lib/idempotency.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { IdempotencyConflictError, type Refusal } from "../../lib/errors.ts";
import { addJobs } from "../../queue/jobs.ts";
import type { AccountSpend, Spending } from "../../pricing/spending/spending.ts";
import type { Accepted, Shape } from "./check.ts";
import type { CampaignSettings } from "./settings.ts";

/**
 * An import that has not renewed its lease for this long is dead. Longer than the server waits for a stalled
 * upload.
 */
const leaseMs = 90_000;

/** A new campaign, before it has recipients. */
export interface NewCampaign extends CampaignSettings {
  id: string;
  accountId: string;
  /** The provider that the caller named; null when routing decides. */
  providerId: string | null;
  sender: string;
  text: string;
  createdAt: Date;
  idempotencyKey: string | null;
  /** Hexadecimal. */
  fingerprint: string | null;
}

/** What an idempotency key was used for. */
export type Repeat = Pick<NewCampaign, "accountId" | "idempotencyKey" | "fingerprint">;

const freeKey: Statement = {
  name: "free_campaign_key",
  text: `
    update campaigns set idempotency_key = null
    where account_id = $1 and idempotency_key = $2
      and (created_at <= $3::timestamptz - interval '${keyHours} hours' or (imported_at is null and import_until < $3))`,
};

const stored = parameters({
  id: "uuid",
  accountId: "uuid",
  name: "text",
  providerId: "uuid",
  sender: "text",
  text: "text",
  priority: "message_priority",
  scheduledAt: "timestamptz",
  timeZone: "text",
  windowStart: "smallint",
  windowEnd: "smallint",
  messagesPerSecond: "float8",
  createdAt: "timestamptz",
  importUntil: "timestamptz",
  idempotencyKey: "text",
  fingerprint: "bytea",
});

const insert: Statement = {
  name: "insert_campaign",
  text: `
    insert into campaigns (${stored.names}, status, updated_at)
    values (${stored.list},
      case when ${stored.sql.scheduledAt} is null then 'RUNNING' else 'SCHEDULED' end::campaign_status,
      ${stored.sql.createdAt})
    on conflict (account_id, idempotency_key) do nothing
    returning id`,
};

/**
 * Stores a campaign without recipients; nothing is sent before `sealImport`. Returns the id of the campaign
 * that holds the idempotency key: that is another one when the key is taken, even if that campaign is still
 * being imported. A key that is a day old, or whose import has died, is taken over.
 * @throws IdempotencyConflictError when the key was used for another input
 */
export async function beginImport(database: Database, campaign: NewCampaign, now: Date): Promise<string> {
  const { id, accountId, idempotencyKey, createdAt } = campaign;
  const fingerprint = campaign.fingerprint === null ? null : Buffer.from(campaign.fingerprint, "hex");
  // The lease does not begin with the creation: the file's first bytes may have been long in coming.
  const values = { ...campaign, fingerprint, importUntil: leaseFrom(now) };
  for (;;) {
    const [inserted] = await database.transaction(async (transaction) => {
      if (idempotencyKey !== null) await transaction.query(freeKey, [accountId, idempotencyKey, createdAt]);
      return transaction.query<{ id: string }>(insert, stored.values(values));
    });
    if (inserted) return id;
    // Unused if that campaign's import has just failed and freed the key: then insert again.
    const earlier = await findEarlier(database, campaign, createdAt);
    if (earlier.kind === "repeated") return earlier.campaignId;
  }
}

const leaseFrom = (now: Date): Date => new Date(now.getTime() + leaseMs);

const findKey: Statement = {
  name: "find_campaign_key",
  text: `
    select id, encode(fingerprint, 'hex') as fingerprint from campaigns
    where account_id = $1 and idempotency_key = $2 and created_at > $3::timestamptz - interval '${keyHours} hours'
      and (imported_at is not null or import_until >= $3)`,
};

/** What an idempotency key has stood for. */
export type EarlierUse = { kind: "repeated"; campaignId: string } | { kind: "unused" };

/**
 * Finds the campaign that holds an idempotency key at that time.
 * @throws IdempotencyConflictError when it had another input
 */
export async function findEarlier(
  database: Database,
  { accountId, idempotencyKey, fingerprint }: Repeat,
  now: Date,
): Promise<EarlierUse> {
  if (idempotencyKey === null) return { kind: "unused" };
  const values = [accountId, idempotencyKey, now];
  const [campaign] = await database.query<{ id: string; fingerprint: string }>(findKey, values);
  if (!campaign) return { kind: "unused" };
  if (fingerprint === campaign.fingerprint) return { kind: "repeated", campaignId: campaign.id };
  throw new IdempotencyConflictError(idempotencyKey, null, campaign.id);
}

/** A batch of checked recipients, accepted and refused. */
export interface Chunk {
  accepted: readonly Accepted[];
  refused: readonly Refusal[];
  /** Repeated numbers that were already left out. */
  duplicates: number;
}

const added = parameters({
  campaignId: "uuid",
  now: "timestamptz",
  leaseUntil: "timestamptz",
  duplicates: "int",
  // Of each recipient.
  positions: "int[]",
  recipients: "text[]",
  shapes: "smallint[]",
  clientRefs: "text[]",
  texts: "text[]",
  // Of each shape.
  countries: "text[]",
  providerIds: "uuid[]",
  senders: "text[]",
  encodings: "text_encoding[]",
  segments: "smallint[]",
  costs: "numeric[]",
  currencies: "text[]",
  // Of each refused row.
  refusedPositions: "int[]",
  refusedRecipients: "text[]",
  refusedCodes: "text[]",
  refusedReasons: "text[]",
  // Of each provider and country.
  routeProviderIds: "uuid[]",
  routeCountries: "text[]",
  routes: "jsonb[]",
});

type Added = Parameters<typeof added.values>[0];

const ofShape = (list: keyof Added): string => `(${added.sql[list]})[shape]`;

const unnested = (...lists: (keyof Added)[]): string =>
  `unnest(${lists.map((list) => added.sql[list]).join(", ")})`;

// Most columns have few different values, so rows refer to short lists of them. That makes the statement a
// fifth smaller.
const addRecipients: Statement = {
  name: "add_campaign_recipients",
  text: `
    with alive as (
      select id from campaigns
      where id = ${added.sql.campaignId} and imported_at is null and import_until > ${added.sql.now}
      for update
    ), stored as (
      insert into campaign_recipients (
        campaign_id, position, recipient, client_ref, text, country, provider_id, sender, encoding, segments,
        estimated_cost, estimated_currency
      )
      select alive.id, position, recipient, client_ref, r.text, ${ofShape("countries")}, ${ofShape("providerIds")},
        ${ofShape("senders")}, ${ofShape("encodings")}, ${ofShape("segments")}, ${ofShape("costs")},
        ${ofShape("currencies")}
      from alive
      cross join ${unnested("positions", "recipients", "shapes", "clientRefs", "texts")}
        as r (position, recipient, shape, client_ref, text)
      on conflict (campaign_id, recipient) do nothing
      returning estimated_cost, estimated_currency
    ), refused as (
      insert into refused_recipients (campaign_id, position, recipient, code, reason)
      select alive.id, r.*
      from alive
      cross join ${unnested("refusedPositions", "refusedRecipients", "refusedCodes", "refusedReasons")} as r
    ), explained as (
      insert into campaign_routes (campaign_id, provider_id, country, route)
      select alive.id, r.*
      from alive
      cross join ${unnested("routeProviderIds", "routeCountries", "routes")} as r
      on conflict do nothing
    ), estimated as (
      insert into campaign_estimates as e (campaign_id, currency, amount)
      select ${added.sql.campaignId}, estimated_currency, sum(estimated_cost) from stored
      where estimated_currency is not null
      group by estimated_currency
      on conflict (campaign_id, currency) do update set amount = e.amount + excluded.amount
    )
    update campaigns
    set total = total + s.count, refused = refused + cardinality(${added.sql.refusedPositions}),
      duplicates_removed =
        duplicates_removed + ${added.sql.duplicates} + cardinality(${added.sql.positions}) - s.count,
      import_until = ${added.sql.leaseUntil}, updated_at = ${added.sql.now}
    from (select count(*)::int as count from stored) as s
    where id = (select id from alive)
    returning id`,
};

/** One entry for each provider and country. */
function routesOf(shapes: readonly Shape[]): Pick<Added, "routeProviderIds" | "routeCountries" | "routes"> {
  const kinds = [...new Map(shapes.map((shape) => [`${shape.providerId} ${shape.country}`, shape])).values()];
  return {
    routeProviderIds: kinds.map(({ providerId }) => providerId),
    routeCountries: kinds.map(({ country }) => country ?? ""),
    routes: kinds.map(({ route }) => JSON.stringify(route)),
  };
}

const shapeLists = (shapes: readonly Shape[]) => ({
  countries: shapes.map(({ country }) => country),
  providerIds: shapes.map(({ providerId }) => providerId),
  senders: shapes.map(({ sender }) => sender),
  encodings: shapes.map(({ encoding }) => encoding),
  segments: shapes.map(({ segments }) => segments),
  costs: shapes.map(({ cost }) => cost?.amount ?? null),
  currencies: shapes.map(({ cost }) => cost?.currency ?? null),
});

const refusedLists = (refused: readonly Refusal[]) => ({
  refusedPositions: arrayLiteral(refused.map(({ position }) => position)),
  refusedRecipients: refused.map(({ recipient }) => recipient),
  refusedCodes: refused.map(({ code }) => code),
  refusedReasons: refused.map(({ reason }) => reason),
});

/** What a buffer holds, as parameters of `addRecipients`. */
type Buffered = Omit<Added, "campaignId" | "now" | "leaseUntil">;

/** Collects recipients for the next insert, as array literals of PostgreSQL. */
export class ImportBuffer {
  readonly #campaignText: string;
  #shapes = new Map<Shape, number>();
  #columns = emptyColumns();
  #refused: Refusal[] = [];
  #duplicates = 0;
  #size = 0;

  /** `campaignText` is stored with the campaign; recipients with this text do not store it again. */
  constructor(campaignText: string) {
    this.#campaignText = campaignText;
  }

  /** Number of input rows collected. */
  get size(): number {
    return this.#size;
  }

  add({ accepted, refused, duplicates }: Chunk): void {
    const { positions, recipients, shapes, clientRefs, texts } = this.#columns;
    positions.push(...accepted.map(({ position }) => position));
    this.#refused.push(...refused);
    this.#duplicates += duplicates;
    this.#size += accepted.length + refused.length + duplicates;
    if (accepted.length === 0) return;
    recipients.push(accepted.map(({ to }) => to).join(","));
    shapes.push(accepted.map(({ shape }) => this.#placeOf(shape)).join(","));
    clientRefs.push(accepted.map(({ clientRef }) => element(clientRef)).join(","));
    texts.push(accepted.map(({ text }) => element(text === this.#campaignText ? null : text)).join(","));
  }

  /** Returns what was collected, and empties the buffer. */
  take(): Buffered {
    const { positions, recipients, shapes, clientRefs, texts } = this.#columns;
    const [kinds, refused, duplicates] = [[...this.#shapes.keys()], this.#refused, this.#duplicates];
    this.#shapes = new Map();
    this.#columns = emptyColumns();
    this.#refused = [];
    this.#duplicates = this.#size = 0;
    return {
      duplicates,
      positions: arrayLiteral(positions),
      recipients: arrayLiteral(recipients),
      shapes: arrayLiteral(shapes),
      clientRefs: arrayLiteral(clientRefs),
      texts: arrayLiteral(texts),
      ...shapeLists(kinds),
      ...refusedLists(refused),
      ...routesOf(kinds),
    };
  }

  /** PostgreSQL arrays start at 1. */
  #placeOf(shape: Shape): number {
    const known = this.#shapes.get(shape);
    if (known !== undefined) return known;
    this.#shapes.set(shape, this.#shapes.size + 1);
    return this.#shapes.size;
  }
}

/** Each column is a list of strings that are already joined with commas. */
const emptyColumns = () => ({
  positions: [] as number[],
  recipients: [] as string[],
  shapes: [] as string[],
  clientRefs: [] as string[],
  texts: [] as string[],
});

/**
 * Stores a batch of recipients of a campaign that is being imported, leaves out numbers it already has, and
 * renews the lease.
 * @throws Error when the import was given up meanwhile
 */
export async function addToImport(
  database: Database,
  campaignId: string,
  buffer: ImportBuffer,
  now: Date,
): Promise<void> {
  const values = added.values({ campaignId, now, leaseUntil: leaseFrom(now), ...buffer.take() });
  const [alive] = await database.query(addRecipients, values);
  if (!alive) throw new Error("The import was given up, since it gave no sign of life for too long");
}

const seal: Statement = {
  name: "seal_campaign_import",
  text: `
    with sealed as (
      update campaigns
      set imported_at = $2, import_until = null, updated_at = $2,
        started_at = case when status = 'RUNNING' then $2 end
      where id = $1 and imported_at is null and import_until > $2 and total > 0
      returning id, total, scheduled_at
    ), counted as (
      insert into campaign_tallies (campaign_id, status, delta)
      select id, case when scheduled_at is null then 'QUEUED' else 'SCHEDULED' end::message_status, total from sealed
    )
    select id from sealed`,
};

/**
 * Completes an import: counts the campaign, starts or schedules it, and adds the job that creates its
 * messages. Returns false when it has no recipients. The campaign must fit the account's caps as a whole, or
 * nothing is sent.
 * @throws SpendingCapError
 */
export async function sealImport(
  spending: Spending,
  { id: campaignId, accountId }: Pick<NewCampaign, "id" | "accountId">,
  now: Date,
): Promise<boolean> {
  return spending.within([accountId], async (transaction, ledgers) => {
    const ledger = ledgers.get(accountId);
    const spends = ledger ? await readSpends(transaction, accountId, campaignId) : [];
    for (const spend of spends) {
      const error = ledger?.take(spend);
      if (error) throw error;
    }
    const [sealed] = await transaction.query(seal, [campaignId, now]);
    if (!sealed) return { spends: [], result: false };
    await addJobs(transaction, [
      { task: "expand-campaign", payload: { campaignId }, key: `expand-campaign ${campaignId}` },
    ]);
    return { spends, result: true };
  });
}

const sumSpends: Statement = {
  name: "sum_campaign_spends",
  text: `
    select country, sum(estimated_cost)::text as amount, estimated_currency as currency
    from campaign_recipients
    where campaign_id = $1
    group by country, estimated_currency`,
};

/** The estimated cost of the stored recipients; repeated numbers count once. */
async function readSpends(
  transaction: Queryable,
  accountId: string,
  campaignId: string,
): Promise<AccountSpend[]> {
  const sums = await transaction.query<Omit<AccountSpend, "accountId">>(sumSpends, [campaignId]);
  return sums.map((sum) => ({ ...sum, accountId }));
}
