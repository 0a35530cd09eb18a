import type { RefusedRow, SpendingCapError } from "../../lib/errors.ts";
import type { TextEncoding } from "../../sms/text.ts";
import { multiply, sumByCurrency, type Amount } from "../../lib/money.ts";
import type { Spend } from "../../pricing/spending/ledger.ts";
import type { Accepted, Shape } from "./check.ts";
import type { Chunk } from "./store-recipients.ts";

/** What would happen to the recipients of one country. */
export interface CountryPreview {
  /** ISO 3166-1 alpha-2; null when the number does not show it. */
  country: string | null;
  recipients: number;
  segments: number;
  estimatedCost: Amount[];
}

/** What a campaign would send and cost. */
export interface CampaignPreview {
  total: number;
  duplicatesRemoved: number;
  refused: number;
  segments: number;
  estimatedCost: Amount[];
  /** The countries with the most recipients first. */
  countries: CountryPreview[];
  /** The first few. */
  refusedRecipients: RefusedRow[];
  /** The first few. */
  messages: PreviewedMessage[];
  /** What is allowed but probably a mistake, in plain words. */
  warnings: string[];
  /** The cap that would refuse the campaign now; null when all of it fits. */
  spendingCapError: SpendingCapError | null;
}

/** A message as it would be sent. */
export interface PreviewedMessage {
  to: string;
  text: string;
  encoding: TextEncoding;
  segments: number;
}

export const previewedRefusals = 20;
export const previewedMessages = 5;

/**
 * Counts what would be stored. It keeps what recipients have in common, not the recipients, so its memory
 * stays small.
 */
export class PreviewTally {
  readonly #shapes = new Map<Shape, number>();
  readonly #refusals: RefusedRow[] = [];
  readonly #messages: PreviewedMessage[] = [];
  #refused = 0;
  #duplicates = 0;

  add({ accepted, refused, duplicates }: Chunk): void {
    for (const { shape } of accepted) this.#shapes.set(shape, (this.#shapes.get(shape) ?? 0) + 1);
    this.#refused += refused.length;
    this.#duplicates += duplicates;
    this.#refusals.push(...refused.slice(0, previewedRefusals - this.#refusals.length));
    this.#messages.push(...accepted.slice(0, previewedMessages - this.#messages.length).map(show));
  }

  /** What the campaign would spend. */
  get spends(): Spend[] {
    return [...this.#shapes].map(([{ country, cost }, count]) => ({
      country,
      amount: cost ? multiply(cost.amount, count) : null,
      currency: cost?.currency ?? null,
    }));
  }

  /** Segments of the longest message. */
  get longest(): number {
    return Math.max(0, ...[...this.#shapes.keys()].map(({ segments }) => segments));
  }

  preview(spendingCapError: SpendingCapError | null, warnings: string[]): CampaignPreview {
    const all = [...this.#shapes];
    const { recipients, segments, estimatedCost } = total(all);
    const countries = [...Map.groupBy(all, ([{ country }]) => country)]
      .map(([country, own]) => ({ country, ...total(own) }))
      .toSorted((one, other) => other.recipients - one.recipients);
    return {
      total: recipients,
      duplicatesRemoved: this.#duplicates,
      refused: this.#refused,
      segments,
      estimatedCost,
      countries,
      refusedRecipients: this.#refusals,
      messages: this.#messages,
      warnings,
      spendingCapError,
    };
  }
}

const show = ({ to, text, shape: { encoding, segments } }: Accepted): PreviewedMessage => ({
  to,
  text,
  encoding,
  segments,
});

function total(shapes: readonly (readonly [Shape, number])[]): Omit<CountryPreview, "country"> {
  let recipients = 0;
  let segments = 0;
  const costs: Amount[] = [];
  for (const [shape, count] of shapes) {
    recipients += count;
    segments += count * shape.segments;
    if (shape.cost) costs.push({ ...shape.cost, amount: multiply(shape.cost.amount, count) });
  }
  return { recipients, segments, estimatedCost: sumByCurrency(costs) };
}
