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

/** How far Tonkra's clock may be behind ours, and how long it may take to store a message. */
const window = { beforeMs: 2 * 60_000, afterMs: 15 * 60_000 };

const startOf = ({ attemptedAt }: UncertainSubmission): number => attemptedAt.getTime() - window.beforeMs;
const endOf = ({ attemptedAt }: UncertainSubmission): number => attemptedAt.getTime() + window.afterMs;

/** A row that looks like one of our submissions. Old versions give no time. */
interface Candidate {
  uid: string;
  row: Row;
  at: number | undefined;
}

/**
 * Finds submissions whose answers were lost, in one reading of the list. Tonkra keeps no reference of ours,
 * so a row is matched by number, sender ID, text and time, if no other message of ours has that row.
 */
export async function reconcile(
  transport: Transport,
  submissions: readonly UncertainSubmission[],
  support: ReconcileSupport,
  timeZone: string,
): Promise<ReconcileOutcome[]> {
  const search = new Search(submissions, timeZone);
  const list = await walkList(transport, search);
  // Everything newer than the oldest row seen has been searched.
  const isSearched = (submission: UncertainSubmission): boolean =>
    (list.ok && list.value.isComplete) || startOf(submission) > search.oldest;
  const known = await support.knownIds(search.uids);
  const outcomes = new Map<UncertainSubmission, ReconcileOutcome>();
  for (const group of search.groups) {
    const free = search.candidatesOf(group).filter(({ uid }) => !known.has(uid));
    for (const [submission, assigned] of assign(group, free)) {
      const problem = list.ok ? tooLong : list.problem;
      const outcome = isSearched(submission) ? undefined : ({ kind: "unavailable", problem } as const);
      // When the list broke off before the end of this submission's time, more rows that look alike may
      // follow: not sure.
      const isSure = list.ok || outcome === undefined;
      outcomes.set(
        submission,
        isSure && assigned.length > 0 ? found(submission, assigned, timeZone) : (outcome ?? absent),
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

/** The submissions searched for, and the rows found. */
class Search {
  readonly filters: Readonly<Record<string, string>>;
  readonly #timeZone: string;
  readonly #from: number;
  readonly #groups: Map<string, UncertainSubmission[]>;
  readonly #byNumber: Map<string, UncertainSubmission[][]>;
  readonly #candidates = new Map<string, Candidate>();
  /** The earliest time on any row seen. */
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

  /** The rows that look like this group's submissions, the earliest first. */
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

/** Tonkra may drop the plus sign of a telephone number. */
function isSameSender(one: string | undefined, other: string): boolean {
  const isNumber = /^\+?\d+$/.test(other);
  return isSameText(isNumber ? one && digitsOf(one) : one, isNumber ? digitsOf(other) : other);
}

/**
 * Assigns rows to submissions that look alike. If there are no more rows than submissions, all rows are ours,
 * and it does not matter which is which: each goes to the nearest in time. If there are more, some belong to
 * other software; then a submission gets a row only if the row is in this submission's time alone.
 */
function assign(
  group: readonly UncertainSubmission[],
  candidates: readonly Candidate[],
): Map<UncertainSubmission, readonly Candidate[]> {
  const assigned = new Map<UncertainSubmission, readonly Candidate[]>(
    group.map((submission) => [submission, []]),
  );
  if (candidates.length > group.length) {
    for (const submission of group) {
      const inTime = candidates.filter((candidate) => isInTime(candidate, submission));
      const isContested = inTime.some((candidate) =>
        group.some((other) => other !== submission && isInTime(candidate, other)),
      );
      assigned.set(submission, isContested ? candidates : inTime);
    }
    return assigned;
  }
  for (const candidate of candidates) {
    const [nearest] = group
      .filter((submission) => assigned.get(submission)?.length === 0 && isInTime(candidate, submission))
      .toSorted((one, other) => distance(candidate, one) - distance(candidate, other));
    if (nearest) assigned.set(nearest, [candidate]);
  }
  return assigned;
}

const distance = ({ at }: Candidate, { attemptedAt }: UncertainSubmission): number =>
  Math.abs((at ?? attemptedAt.getTime()) - attemptedAt.getTime());

function found(
  { messageId }: UncertainSubmission,
  [candidate, ...others]: readonly Candidate[],
  timeZone: string,
): ReconcileOutcome {
  if (!candidate) return absent;
  if (others.length > 0) {
    const detail = `${others.length + 1} messages look like this one.`;
    return { kind: "unavailable", problem: { kind: "unreadable", detail } };
  }
  const receipt = rowReceipt(candidate.row, { messageId, providerMessageId: candidate.uid }, timeZone);
  return { kind: "found", providerMessageId: candidate.uid, receipts: receipt ? [receipt] : [] };
}
