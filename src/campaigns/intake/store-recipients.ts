import { arrayLiteral, element } from "../../database/array-literal.ts";
import { parameters } from "../../database/columns.ts";
import type { Database, Statement } from "../../database/database.ts";
import type { RefusedRow } from "../../lib/errors.ts";
import type { Accepted, Shape } from "./check.ts";

/**
 * An import that has not renewed its lease for this long is dead. Longer than the server waits for a stalled
 * upload.
 */
export const newLease = "now() + interval '90 seconds'";

/** Until when an import that renews its lease now counts as alive. */

/** A batch of checked recipients, accepted and refused. */
export interface Chunk {
  accepted: readonly Accepted[];
  refused: readonly RefusedRow[];
  /** Repeated numbers that were already left out. */
  duplicates: number;
}

const added = parameters({
  campaignId: "uuid",
  now: "timestamptz",
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
      where id = ${added.sql.campaignId} and imported_at is null and import_until > now()
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
      import_until = ${newLease}, updated_at = ${added.sql.now}
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

const refusedLists = (refused: readonly RefusedRow[]) => ({
  refusedPositions: arrayLiteral(refused.map(({ position }) => position)),
  refusedRecipients: refused.map(({ recipient }) => recipient),
  refusedCodes: refused.map(({ code }) => code),
  refusedReasons: refused.map(({ reason }) => reason),
});

/** What a buffer holds, as parameters of `addRecipients`. */
type Buffered = Omit<Added, "campaignId" | "now">;

/** Collects recipients for the next insert, as array literals of PostgreSQL. */
export class ImportBuffer {
  readonly #campaignText: string;
  #shapes = new Map<Shape, number>();
  #columns = emptyColumns();
  #refused: RefusedRow[] = [];
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
  const values = added.values({ campaignId, now, ...buffer.take() });
  const [alive] = await database.query(addRecipients, values);
  if (!alive) throw new Error("The import was given up, since it gave no sign of life for too long");
}
