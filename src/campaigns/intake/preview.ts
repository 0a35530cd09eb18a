import type { RefusedRow, SpendingCapError } from "../../lib/errors.ts";
import type { TextEncoding } from "../../sms/text.ts";
import { multiply, sumByCurrency, type Amount } from "../../lib/money.ts";
import type { Spend } from "../../pricing/spending/ledger.ts";
import type { Accepted, Shape } from "./check.ts";
import type { DuplicateRow } from "./duplicates.ts";
import type { FileReading } from "./recipients.ts";
import { RefusedFile } from "./refused-file.ts";
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
  /** Of the refused ones, those that are not to be texted. */
  suppressed: number;
  segments: number;
  estimatedCost: Amount[];
  /** The countries with the most recipients first. */
  countries: CountryPreview[];
  /** The first few. */
  refusedRecipients: RefusedRow[];
  /** The refused rows, up to `maxRowsInFile`, as CSV; made when it is asked for. */
  refusedCsv: () => string;
  /** The first few. */
  messages: PreviewedMessage[];
  /** What is allowed but probably a mistake, in plain words. */
  warnings: string[];
  /** The cap that would refuse the campaign now; null when all of it fits. */
  spendingCapError: SpendingCapError | null;
  /** The first few rows that are left out, since their number is in an earlier one. */
  duplicateRecipients: DuplicateRow[];
  /** How the file was read; null without one. */
  file: FileReading | null;
}

/** A message as it would be sent. */
export interface PreviewedMessage {
  to: string;
  text: string;
  encoding: TextEncoding;
  segments: number;
}

export const previewedRefusals = 100;
export const previewedDuplicates = 20;
export const previewedMessages = 5;

/** Checked recipients; those that are repeated are left out. */
interface CheckedChunk extends Chunk {
  suppressed: number;
  repeated?: readonly Accepted[];
}

/**
 * Counts what would be stored. It keeps what recipients have in common, not the recipients, so its memory
 * stays small.
 */
export class PreviewTally {
  readonly #shapes = new Map<Shape, number>();
  readonly #refusals: RefusedRow[] = [];
  readonly #refusedFile = new RefusedFile();
  readonly #messages: PreviewedMessage[] = [];
  #refused = 0;
  #suppressed = 0;
  readonly #firstDuplicates: DuplicateRow[] = [];
  #duplicates = 0;

  add({ accepted, refused, suppressed, repeated = [] }: CheckedChunk): void {
    for (const { shape } of accepted) this.#shapes.set(shape, (this.#shapes.get(shape) ?? 0) + 1);
    this.#refused += refused.length;
    this.#suppressed += suppressed;
    this.#duplicates += repeated.length;
    this.#firstDuplicates.push(
      ...repeated
        .slice(0, previewedDuplicates - this.#firstDuplicates.length)
        .map(({ position, to }) => ({ position, recipient: to })),
    );
    this.#refusedFile.add(refused);
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

  /** The senders that would be shown, by country, each once. */
  get senders(): { sender: string; country: string | null }[] {
    const all = [...this.#shapes.keys()].map((shape) => [`${shape.country} ${shape.sender}`, shape] as const);
    return [...new Map(all).values()];
  }

  /** Segments of the longest message. */
  get longest(): number {
    return Math.max(0, ...[...this.#shapes.keys()].map(({ segments }) => segments));
  }

  preview(spendingCapError: SpendingCapError | null, warnings: string[]): Omit<CampaignPreview, "file"> {
    const all = [...this.#shapes];
    const { recipients, segments, estimatedCost } = total(all);
    const countries = [...Map.groupBy(all, ([{ country }]) => country)]
      .map(([country, own]) => ({ country, ...total(own) }))
      .toSorted((one, other) => other.recipients - one.recipients);
    return {
      total: recipients,
      duplicatesRemoved: this.#duplicates,
      refused: this.#refused,
      suppressed: this.#suppressed,
      segments,
      estimatedCost,
      countries,
      refusedRecipients: this.#refusals,
      refusedCsv: () => this.#refusedFile.text,
      duplicateRecipients: this.#firstDuplicates,
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
