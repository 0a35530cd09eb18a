import { quantile, type Closers } from "./server.ts";

/** What one benchmark found out about one thing. */
export interface Finding {
  /** As the table names it. */
  what: string;
  unit:
    | "requests/s"
    | "messages"
    | "messages/s"
    | "receipts/s"
    | "events/s"
    | "rows/s"
    | "rows"
    | "attempts/s"
    | "ms"
    | "us"
    | "KB"
    | "MB"
    | "times";
  /** Our figure in each round. */
  ours: number[];
  /** The limit or the peer, measured in the same rounds. */
  beside?: { name: string; rounds: number[] };
  /** Of our figure divided by the one beside it, or of our figure where there is none; absent: only told. */
  target?: Target;
  /** Milliseconds, over all rounds, and how much they may be. */
  p99?: { ms: number; atMost?: number };
  /** Processor time of our process for each operation, in microseconds. */
  processorMicroseconds?: number;
  /** The most that our process had resident. */
  peakMegabytes?: number;
}

export interface Target {
  atLeast?: number;
  atMost?: number;
}

/** What a benchmark is given. */
export interface BenchRun {
  /** What it starts; ended after it, however it goes. */
  closers: Closers;
  /** Rounds to measure, each of ours in turn with one of the peer's. */
  rounds: number;
  /** About how long one round of a steady load lasts. */
  secondsPerRound: number;
  /** A tenth of the usual sizes: whether it works, not how fast. */
  isShort: boolean;
  progress: (line: string) => void;
}

/** One entry of the suite: each file in `bench` exports one as `benchmark`. */
export interface Benchmark {
  name: string;
  /** What it does, in a sentence or two. */
  about: string;
  run(run: BenchRun): Promise<Finding[]>;
}

export const median = (figures: readonly number[]): number => {
  const sorted = figures.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
};

/** What is judged: the median of the ratios of the rounds, or of our figure where nothing is beside it. */
export function judged({ ours, beside }: Finding): number[] {
  return beside ? ours.map((figure, round) => figure / (beside.rounds[round] ?? Number.NaN)) : ours;
}

/** Undefined where nothing was demanded. */
export function isMet(finding: Finding): boolean | undefined {
  const { target, p99 } = finding;
  const verdicts: boolean[] = [];
  const value = median(judged(finding));
  if (target?.atLeast !== undefined) verdicts.push(value >= target.atLeast);
  if (target?.atMost !== undefined) verdicts.push(value <= target.atMost);
  if (p99?.atMost !== undefined) verdicts.push(p99.ms <= p99.atMost);
  return verdicts.length === 0 ? undefined : verdicts.every(Boolean);
}

/** The most that this process had resident. */
export const peakMegabytes = (): number => process.resourceUsage().maxRSS / 1024;

export const p99Of = (milliseconds: readonly number[]): number => quantile(milliseconds, 0.99);
