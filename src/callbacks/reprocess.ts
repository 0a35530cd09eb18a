import type { Slices } from "../lib/slices.ts";
import { readNextQuarantined, type QuarantineScope, type ReadOptions, type StoredReading } from "./read.ts";

interface ReprocessOptions extends ReadOptions {
  /** Called after each callback, with the counts so far. */
  onProgress?: (counts: Readonly<ReprocessCounts>) => void;
  /** Which callbacks; absent: all. */
  scope?: QuarantineScope;
  /** Ends after this many; absent: when none is left. */
  limit?: number;
  /** Lets others on in between; absent: nobody else waits. */
  slices?: Slices;
  /** The id after which to begin. */
  after?: string;
}

export interface ReprocessCounts {
  /** Quarantined callbacks read again. */
  read: number;
  /** Those that are understood now. */
  processed: number;
  /** Those that stay in quarantine. */
  unreadable: number;
  /** Receipts of the processed callbacks, by result. */
  applied: number;
  ignored: number;
  parked: number;
  unknown: number;
  /** Discarded, because too many receipts of the provider are parked already. */
  dropped: number;
  /** The id of the last callback; undefined when none was read. */
  last?: string;
}

/**
 * Reads quarantined callbacks again with the current adapters, oldest first, each in its own transaction.
 * Receipts count as received when the callback arrived. Two runs at the same time share the work.
 */
export async function reprocessQuarantined(options: ReprocessOptions): Promise<ReprocessCounts> {
  const counts: ReprocessCounts = {
    read: 0,
    processed: 0,
    unreadable: 0,
    applied: 0,
    ignored: 0,
    parked: 0,
    unknown: 0,
    dropped: 0,
  };
  const { scope, limit = Infinity } = options;
  let { after = "0" } = options;
  while (counts.read < limit) {
    const next = await readNextQuarantined(options, after, scope);
    if (!next) break;
    count(counts, next);
    options.onProgress?.(counts);
    after = counts.last = next.id;
    await options.slices?.rest();
  }
  return counts;
}

function count(counts: ReprocessCounts, { isProcessed, outcomes }: StoredReading): void {
  counts.read++;
  counts[isProcessed ? "processed" : "unreadable"]++;
  for (const outcome of outcomes) {
    if (outcome.kind === "matched") counts[outcome.transition.applied ? "applied" : "ignored"]++;
    else counts[outcome.kind]++;
  }
}
