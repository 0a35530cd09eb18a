import { readNextQuarantined, type ReadOptions, type StoredReading } from "./read.ts";

interface ReprocessOptions extends ReadOptions {
  /** Called after each callback, with the counts so far. */
  onProgress?: (counts: Readonly<ReprocessCounts>) => void;
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
}

/**
 * Reads quarantined callbacks again with the current adapters, oldest first, each in its own transaction.
 * Receipts count as received when the callback arrived. Two runs at the same time share the work.
 */
export async function reprocessQuarantined(options: ReprocessOptions): Promise<ReprocessCounts> {
  const counts = {
    read: 0,
    processed: 0,
    unreadable: 0,
    applied: 0,
    ignored: 0,
    parked: 0,
    unknown: 0,
    dropped: 0,
  };
  let next = await readNextQuarantined(options, "0");
  while (next) {
    count(counts, next);
    options.onProgress?.(counts);
    next = await readNextQuarantined(options, next.id);
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
