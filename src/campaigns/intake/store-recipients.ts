import { arrayLiteral, ArrayLiteral, element } from "../../database/array-literal.ts";
import { parameters } from "../../database/columns.ts";
import type { Database, Statement } from "../../database/database.ts";
import { InvalidInputError, type RecipientSuppressedError, type RefusedRow } from "../../lib/errors.ts";
import { suppressedReasonInSql, suppressionInSql } from "../../suppressions/suppression.ts";
import type { Accepted, Shape } from "./check.ts";
import { valuesLiteral, type GivenValue } from "./given-values.ts";

/**
 * An import that has not renewed its lease for this long is dead. Longer than the server waits for a stalled
 * upload.
 */
export const newLease = "now() + interval '90 seconds'";

/** Recipients, and characters, per insert: enough to be cheap, few enough for a short transaction. */
const [fullSize, fullLength] = [2_500, 4_000_000];

/** Characters of values that are kept of one campaign until it begins: 5 million recipients with a hundred of each. */
const maxKeptLength = 500_000_000;

/** How many refused recipients an error lists. */
export const maxShownRefusals = 10;

const suppressedCode: RecipientSuppressedError["code"] = "RECIPIENT_SUPPRESSED";

/** A batch of checked recipients, accepted and refused. */
export interface Chunk {
  accepted: readonly Accepted[];
  refused: readonly RefusedRow[];
}

const added = parameters({
  campaignId: "uuid",
  now: "timestamptz",
  keepsAll: "boolean",
  // Of each recipient.
  positions: "int[]",
  recipients: "text[]",
  shapes: "smallint[]",
  clientRefs: "text[]",
  texts: "text[]",
  callbackUrls: "text[]",
  // Array literals; null when no values are kept.
  given: "text[]",
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

const recipientColumns = `
        campaign_id, position, recipient, client_ref, text, country, provider_id, sender, encoding, segments,
        estimated_cost, estimated_currency, callback_url, given
      `;

const recipientValues = `id, position, recipient, client_ref, text, ${ofShape("countries")}, ${ofShape("providerIds")},
        ${ofShape("senders")}, ${ofShape("encodings")}, ${ofShape("segments")}, ${ofShape("costs")},
        ${ofShape("currencies")}, callback_url, given::text[]`;

// Most columns have few different values, so rows refer to short lists of them. That makes the statement a
// fifth smaller.
const addRecipients: Statement = {
  name: "add_campaign_recipients",
  text: `
    with alive as (
      select id from campaigns
      where id = ${added.sql.campaignId} and imported_at is null and import_until > now()
      for update
    ), given as materialized (
      select c.id, r.*, ${suppressionInSql({ account: "c.account_id", recipient: "r.recipient", sender: ofShape("senders") })} as suppression
      from alive
      join campaigns as c using (id)
      cross join ${unnested("positions", "recipients", "shapes", "clientRefs", "texts", "callbackUrls", "given")}
        as r (position, recipient, shape, client_ref, text, callback_url, given)
    ), stored as (
      insert into campaign_recipients (${recipientColumns})
      select ${recipientValues} from given
      where suppression is null
      on conflict (campaign_id, recipient) do nothing
      returning position, estimated_cost, estimated_currency
    ), repeated as materialized (
      select * from given where suppression is null and position not in (select position from stored)
    ), kept as (
      insert into repeated_recipients (${recipientColumns})
      select ${recipientValues} from repeated where ${added.sql.keepsAll}
      returning estimated_cost, estimated_currency
    ), left_out as (
      insert into duplicate_recipients (campaign_id, position, recipient)
      select id, position, recipient from repeated where not ${added.sql.keepsAll}
    ), suppressed as materialized (
      select id, position, recipient, '${suppressedCode}' as code, ${suppressedReasonInSql("recipient", "suppression")} as reason
      from given
      where suppression is not null
    ), refused as (
      insert into refused_recipients (campaign_id, position, recipient, code, reason)
      select alive.id, r.*
      from alive
      cross join ${unnested("refusedPositions", "refusedRecipients", "refusedCodes", "refusedReasons")} as r
      union all
      select * from suppressed
    ), explained as (
      insert into campaign_routes (campaign_id, provider_id, country, route)
      select alive.id, r.*
      from alive
      cross join ${unnested("routeProviderIds", "routeCountries", "routes")} as r
      on conflict do nothing
    ), estimated as (
      insert into campaign_estimates as e (campaign_id, currency, amount)
      select ${added.sql.campaignId}, estimated_currency, sum(estimated_cost)
      from (select estimated_cost, estimated_currency from stored union all select * from kept) as all_kept
      where estimated_currency is not null
      group by estimated_currency
      on conflict (campaign_id, currency) do update set amount = e.amount + excluded.amount
    )
    update campaigns as c
    set total = total + s.count + s.kept,
      refused = refused + cardinality(${added.sql.refusedPositions}) + s.suppressed, suppressed = c.suppressed + s.suppressed,
      duplicates_removed =
        duplicates_removed + cardinality(${added.sql.positions}) - s.count - s.kept - s.suppressed,
      import_until = ${newLease}, updated_at = ${added.sql.now}
    from (
      select (select count(*)::int from stored) as count, (select count(*)::int from kept) as kept,
        (select count(*)::int from suppressed) as suppressed
    ) as s
    where c.id = (select id from alive)
    returning s.suppressed as count, (
      select coalesce(json_agg(f), '[]') from (
        select position, recipient, code, reason from suppressed order by position limit ${maxShownRefusals}
      ) as f
    ) as first`,
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
type Buffered = Omit<Added, "campaignId" | "now" | "keepsAll">;

/** Collects recipients for the next insert, as array literals of PostgreSQL. */
export class ImportBuffer {
  readonly #campaignText: string;
  #shapes = new Map<Shape, number>();
  #positions: number[] = [];
  readonly #columns = newColumns();
  #refused: RefusedRow[] = [];
  #size = 0;
  #length = 0;
  #keptLength = 0;

  /** `campaignText` is stored with the campaign; recipients with this text do not store it again. */
  constructor(campaignText: string) {
    this.#campaignText = campaignText;
  }

  /** Number of input rows collected. */
  get size(): number {
    return this.#size;
  }

  /** Whether it is time to store what was collected. */
  get isFull(): boolean {
    return this.#size >= fullSize || this.#length >= fullLength;
  }

  /** @throws InvalidInputError when too much would be kept */
  add({ accepted, refused }: Chunk): void {
    const { recipients, shapes, clientRefs, texts, callbackUrls, given } = this.#columns;
    this.#positions.push(...accepted.map(({ position }) => position));
    this.#refused.push(...refused);
    this.#size += accepted.length + refused.length;
    if (accepted.length === 0) return;
    recipients.add(accepted.map(({ to }) => to).join(","));
    shapes.add(accepted.map(({ shape }) => this.#placeOf(shape)).join(","));
    clientRefs.add(accepted.map(({ clientRef }) => element(clientRef)).join(","));
    const ownTexts = accepted.map(({ text }) => element(text === this.#campaignText ? null : text)).join(",");
    this.#length += ownTexts.length;
    texts.add(ownTexts);
    callbackUrls.add(accepted.map(({ callbackUrl }) => element(callbackUrl ?? null)).join(","));
    if (accepted[0]?.given) given.add(this.#keep(accepted.map((one) => one.given ?? [])));
  }

  /** Returns what was collected, and empties the buffer. */
  take(): Buffered {
    const { recipients, shapes, clientRefs, texts, callbackUrls, given } = this.#columns;
    const positions = arrayLiteral(this.#positions);
    const [kinds, refused] = [[...this.#shapes.keys()], this.#refused];
    this.#shapes = new Map();
    this.#positions = [];
    this.#refused = [];
    this.#size = 0;
    this.#length = 0;
    return {
      positions,
      recipients: recipients.take(),
      shapes: shapes.take(),
      clientRefs: clientRefs.take(),
      texts: texts.take(),
      callbackUrls: callbackUrls.take(),
      given: given.isEmpty ? null : given.take(),
      ...shapeLists(kinds),
      ...refusedLists(refused),
      ...routesOf(kinds),
    };
  }

  #keep(given: readonly (readonly GivenValue[])[]): string {
    for (const values of given) for (const [, value] of values) this.#keptLength += value.length;
    if (this.#keptLength <= maxKeptLength) {
      const literals = given.map((values) => element(valuesLiteral(values))).join(",");
      this.#length += literals.length;
      return literals;
    }
    throw new InvalidInputError(
      "file",
      `The values of all recipients have more than ${maxKeptLength} characters. Leave out columns that the text does not need.`,
    );
  }

  /** PostgreSQL arrays start at 1. */
  #placeOf(shape: Shape): number {
    const known = this.#shapes.get(shape);
    if (known !== undefined) return known;
    this.#shapes.set(shape, this.#shapes.size + 1);
    return this.#shapes.size;
  }
}

/** The recipients of a batch that are not to be texted. */
export interface Suppressed {
  count: number;
  /** The first of them. */
  first: RefusedRow[];
}

const newColumns = () => ({
  recipients: new ArrayLiteral(),
  shapes: new ArrayLiteral(),
  clientRefs: new ArrayLiteral(),
  texts: new ArrayLiteral(),
  callbackUrls: new ArrayLiteral(),
  given: new ArrayLiteral(),
});

/** A campaign that is being imported. */
export interface ImportTarget {
  campaignId: string;
  /** Whether numbers that it already has are kept, instead of left out. */
  keepsAll: boolean;
}

/**
 * Stores a batch of recipients of a campaign that is being imported, and renews the lease.
 * @throws Error when the import was given up meanwhile
 */
export async function addToImport(
  database: Database,
  target: ImportTarget,
  buffer: ImportBuffer,
  now: Date,
): Promise<Suppressed> {
  const values = added.values({ ...target, now, ...buffer.take() });
  const [suppressed] = await database.query<Suppressed>(addRecipients, values);
  if (suppressed) return suppressed;
  throw new Error("The import was given up, since it gave no sign of life for too long");
}
