import type {
  ProviderProblem,
  ReconcileOutcome,
  ReconcileSupport,
  UncertainSubmission,
} from "../provider.ts";
import { readDate, writeDate } from "../wire/dates.ts";
import { digitsOf, isSameText, plainText } from "../wire/text.ts";
import { walkList } from "./list.ts";
import { rowReceipt } from "./receipts.ts";
import type { Transport } from "./transport.ts";
import type { Row } from "./wire.ts";

/** How far Tonkra's clock may be behind ours, and how long it may take to store what it was given. */
const window = { beforeMs: 2 * 60_000, afterMs: 15 * 60_000 };

const startOf = ({ attemptedAt }: UncertainSubmission): number => attemptedAt.getTime() - window.beforeMs;
const endOf = ({ attemptedAt }: UncertainSubmission): number => attemptedAt.getTime() + window.afterMs;

/** A row that looks like a submission of ours. Old versions print no time. */
interface Candidate {
  uid: string;
  row: Row;
  at: number | undefined;
}

/**
 * Finds submissions whose answers were lost, all with one walk through the list. Tonkra keeps no reference of ours, so
 * what counts is the number, sender, text and time of a message that no other message of ours has.
 */
export async function reconcile(
  transport: Transport,
  submissions: readonly UncertainSubmission[],
  support: ReconcileSupport,
  timeZone: string,
): Promise<ReconcileOutcome[]> {
  const search = new Search(submissions, timeZone);
  const list = await walkList(transport, search);
  // What is older than the last row that was seen has been passed.
  const isSearched = (submission: UncertainSubmission): boolean =>
    (list.ok && list.value.isComplete) || startOf(submission) > search.oldest;
  const known = await support.knownIds(search.uids);
  const outcomes = new Map<UncertainSubmission, ReconcileOutcome>();
  for (const group of search.groups) {
    const free = search.candidatesOf(group).filter(({ uid }) => !known.has(uid));
    for (const [submission, own] of assign(group, free)) {
      const problem = list.ok ? tooLong : list.problem;
      const outcome = isSearched(submission) ? undefined : ({ kind: "unavailable", problem } as const);
      // One that was seen is ours unless another like it may be further down.
      const isSure = list.ok || outcome === undefined;
      outcomes.set(
        submission,
        isSure && own.length > 0 ? found(submission, own, timeZone) : (outcome ?? absent),
      );
    }
  }
  return submissions.map((submission) => outcomes.get(submission) ?? absent);
}

const absent: ReconcileOutcome = { kind: "absent" };

const tooLong: ProviderProblem = {
  kind: "unreadable",
  detail: "The list does not come to an end.",
};

/** What is looked for in the list, and what was found. */
class Search {
  readonly filters: Readonly<Record<string, string>>;
  readonly #timeZone: string;
  readonly #from: number;
  readonly #groups: Map<string, UncertainSubmission[]>;
  readonly #byNumber: Map<string, UncertainSubmission[][]>;
  readonly #candidates = new Map<string, Candidate>();
  /** The earliest time on a row that was seen. */
  oldest = Infinity;

  constructor(submissions: readonly UncertainSubmission[], timeZone: string) {
    this.#timeZone = timeZone;
    this.#from = Math.min(...submissions.map(startOf));
    const until = Math.max(...submissions.map(endOf));
    this.filters = {
      start_date: writeDate(new Date(this.#from), timeZone),
      end_date: writeDate(new Date(until), timeZone),
      timezone: timeZone,
    };
    this.#groups = Map.groupBy(submissions, looks);
    this.#byNumber = Map.groupBy(this.#groups.values(), ([first]) => digitsOf(first?.to ?? ""));
  }

  get groups(): Iterable<readonly UncertainSubmission[]> {
    return this.#groups.values();
  }

  get uids(): string[] {
    return [...this.#candidates.keys()];
  }

  isPast = (row: Row): boolean => (this.#timeOf(row) ?? this.#from) < this.#from;

  take = (row: Row): void => {
    const at = this.#timeOf(row);
    if (at !== undefined) this.oldest = Math.min(this.oldest, at);
    const { uid } = row;
    const alike = this.#byNumber.get(digitsOf(row.to ?? ""))?.some((group) => isAlike(row, group[0]));
    if (uid !== undefined && alike === true) this.#candidates.set(uid, { uid, row, at });
  };

  /** Those of a group that look the same, the earliest first. */
  candidatesOf(group: readonly UncertainSubmission[]): Candidate[] {
    return [...this.#candidates.values()]
      .filter((candidate) => group.some((one) => isAlike(candidate.row, one) && isInTime(candidate, one)))
      .toSorted((one, other) => (one.at ?? 0) - (other.at ?? 0));
  }

  #timeOf = (row: Row): number | undefined => readDate(row.sent_at, this.#timeZone)?.getTime();
}

const looks = ({ to, from, text }: UncertainSubmission): string =>
  JSON.stringify([digitsOf(to), plainText(from), plainText(text)]);

function isInTime({ at }: Candidate, submission: UncertainSubmission): boolean {
  return at === undefined || (startOf(submission) <= at && at <= endOf(submission));
}

function isAlike(row: Row, submission: UncertainSubmission | undefined): boolean {
  return (
    submission !== undefined &&
    digitsOf(row.to ?? "") === digitsOf(submission.to) &&
    isSameSender(row.from, submission.from) &&
    isSameText(row.message, submission.text)
  );
}

/** A telephone number may lose its plus sign. */
function isSameSender(one: string | undefined, other: string): boolean {
  const isNumber = /^\+?\d+$/.test(other);
  return isSameText(isNumber ? one && digitsOf(one) : one, isNumber ? digitsOf(other) : other);
}

/**
 * The rows that each of several submissions that look the same may have. Where there are no more rows than submissions,
 * each row is one of ours, and it is all the same which: each goes to the nearest in time. Where there are more,
 * somebody else's are among them, and only the one in a submission's own time tells.
 */
function assign(
  group: readonly UncertainSubmission[],
  candidates: readonly Candidate[],
): Map<UncertainSubmission, readonly Candidate[]> {
  const own = new Map<UncertainSubmission, readonly Candidate[]>(group.map((one) => [one, []]));
  if (candidates.length > group.length) {
    for (const one of group) {
      const inTime = candidates.filter((candidate) => isInTime(candidate, one));
      const isContested = inTime.some((candidate) =>
        group.some((other) => other !== one && isInTime(candidate, other)),
      );
      own.set(one, isContested ? candidates : inTime);
    }
    return own;
  }
  for (const candidate of candidates) {
    const [nearest] = group
      .filter((one) => own.get(one)?.length === 0 && isInTime(candidate, one))
      .toSorted((one, other) => distance(candidate, one) - distance(candidate, other));
    if (nearest) own.set(nearest, [candidate]);
  }
  return own;
}

const distance = ({ at }: Candidate, { attemptedAt }: UncertainSubmission): number =>
  Math.abs((at ?? attemptedAt.getTime()) - attemptedAt.getTime());

function found(
  { messageId }: UncertainSubmission,
  [own, ...others]: readonly Candidate[],
  timeZone: string,
): ReconcileOutcome {
  if (!own) return absent;
  if (others.length > 0) {
    const detail = `${others.length + 1} messages look like this one.`;
    return { kind: "unavailable", problem: { kind: "unreadable", detail } };
  }
  const receipt = rowReceipt(own.row, { messageId, providerMessageId: own.uid }, timeZone);
  return { kind: "found", providerMessageId: own.uid, receipts: receipt ? [receipt] : [] };
}
