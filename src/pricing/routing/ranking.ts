import type { Connection } from "../../connections/connections.ts";
import { compare } from "../../lib/money.ts";
import type { AppliedRate } from "../rates/rate-book.ts";

/** A provider that can carry a message, with everything that decides its rank. */
export interface Candidate {
  connection: Connection;
  rate: AppliedRate | undefined;
  hasCredit: boolean;
  isHealthy: boolean;
  /** Lower is preferred. */
  priority: number;
  /** Its share of the traffic; null for none. */
  weight: number | null;
  /** Rank of its currency, since prices in different currencies cannot be compared. */
  currency: number;
}

/** Candidates of equal rank that share traffic by weight; without weights, a single candidate. */
export type PriorityGroup = readonly Candidate[];

/** Sorts candidates by preference. At equal priority, weighted routes come before those without a weight. */
export function rank(candidates: readonly Candidate[]): PriorityGroup[] {
  const groups: Candidate[][] = [];
  for (const candidate of candidates.toSorted(byTurn)) {
    const last = groups.at(-1);
    if (last?.[0] && sharesWith(last[0], candidate)) last.push(candidate);
    else groups.push([candidate]);
  }
  return groups;
}

function byTurn(one: Candidate, other: Candidate): number {
  return (
    Number(other.hasCredit) - Number(one.hasCredit) ||
    Number(other.isHealthy) - Number(one.isHealthy) ||
    Number(other.rate !== undefined) - Number(one.rate !== undefined) ||
    one.priority - other.priority ||
    Number(other.weight !== null) - Number(one.weight !== null) ||
    (one.weight === null ? byPrice(one, other) : 0)
  );
}

function byPrice(one: Candidate, other: Candidate): number {
  if (!one.rate || !other.rate) return 0;
  return one.currency - other.currency || compare(one.rate.price, other.rate.price);
}

const sharesWith = (one: Candidate, other: Candidate): boolean =>
  one.weight !== null &&
  other.weight !== null &&
  one.hasCredit === other.hasCredit &&
  one.isHealthy === other.isHealthy &&
  (one.rate === undefined) === (other.rate === undefined) &&
  one.priority === other.priority;

/**
 * Picks a candidate by weight; `fraction` (0 to 1) selects it. Candidates with weight 0 are picked only if
 * all have weight 0.
 */
export function pick(open: PriorityGroup, fraction: number): Candidate | undefined {
  const total = open.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  let left = fraction * total;
  for (const candidate of open) {
    left -= candidate.weight ?? 0;
    if (left < 0) return candidate;
  }
  return open[0];
}

/** Why the chosen provider ranked higher than another. */
export type OutrankedCode =
  | "NO_CREDIT"
  | "UNHEALTHY"
  | "NO_RATE"
  | "LOWER_PRIORITY"
  | "OTHER_SHARE"
  | "OTHER_CURRENCY"
  | "DEARER"
  | "EQUAL";

/** The code and a plain sentence that say why `taken` ranked above `other`. */
export function outrankedBy(taken: Candidate, other: Candidate): { code: OutrankedCode; reason: string } {
  if (taken.hasCredit && !other.hasCredit) return { code: "NO_CREDIT", reason: "It has no credit left." };
  if (taken.isHealthy && !other.isHealthy) {
    return { code: "UNHEALTHY", reason: "It has failed lately, and is not or not fully trusted yet." };
  }
  if (taken.rate && !other.rate) {
    return { code: "NO_RATE", reason: "It has no rate for the destination, and another has." };
  }
  if (taken.priority !== other.priority) {
    const reason = `Its priority ${other.priority} comes after ${taken.priority}.`;
    return { code: "LOWER_PRIORITY", reason };
  }
  if (taken.weight !== null) {
    return { code: "OTHER_SHARE", reason: "Another provider's share of the traffic took it." };
  }
  if (taken.rate && other.rate && taken.rate.currency !== other.rate.currency) {
    const reason = `Its price in ${other.rate.currency} cannot be compared with one in ${taken.rate.currency}.`;
    return { code: "OTHER_CURRENCY", reason };
  }
  if (taken.rate && other.rate && compare(taken.rate.price, other.rate.price) !== 0) {
    const reason = `Its segment costs ${money(other.rate)}, against ${money(taken.rate)}.`;
    return { code: "DEARER", reason };
  }
  return { code: "EQUAL", reason: "It is equal in everything, and was connected later." };
}

export const money = ({ price, currency }: AppliedRate): string => `${price} ${currency}`;

/** Says in plain words why this provider was chosen; `others` are the ones that were also possible. */
export function reasonFor(taken: Candidate, others: readonly Candidate[]): string {
  const cost = taken.rate
    ? ` A segment costs ${money(taken.rate)}.`
    : " No rate is known for the destination.";
  return `${ground(taken, others)}${cost}`;
}

function ground(taken: Candidate, others: readonly Candidate[]): string {
  if (!taken.hasCredit) return "No capable provider has credit; this one is preferred.";
  if (!taken.isHealthy) return "No capable provider is healthy; this one is preferred.";
  if (others.length === 0) return "It is the only provider that can carry the message.";
  const code = others.map((other) => outrankedBy(taken, other).code).toSorted(byWeight)[0];
  return grounds[code ?? "EQUAL"](taken);
}

/** From fine to coarse: the finest distinction explains the choice. */
const fineness: readonly OutrankedCode[] = [
  "OTHER_SHARE",
  "DEARER",
  "OTHER_CURRENCY",
  "EQUAL",
  "LOWER_PRIORITY",
  "NO_RATE",
  "UNHEALTHY",
  "NO_CREDIT",
];
const byWeight = (one: OutrankedCode, other: OutrankedCode): number =>
  fineness.indexOf(one) - fineness.indexOf(other);

const grounds: Readonly<Record<OutrankedCode, (taken: Candidate) => string>> = {
  OTHER_SHARE: ({ weight, priority }) =>
    `Its share (weight ${weight}) of the traffic of priority ${priority} took it.`,
  DEARER: ({ priority }) => `It is the cheapest of priority ${priority}.`,
  OTHER_CURRENCY: ({ priority }) => `It was connected first of those with priority ${priority}.`,
  EQUAL: ({ priority }) => `It was connected first of those with priority ${priority}.`,
  LOWER_PRIORITY: ({ priority }) => `Its priority ${priority} comes first.`,
  NO_RATE: () => "It is the only one with a rate for the destination.",
  UNHEALTHY: () => "It is the only healthy provider.",
  NO_CREDIT: () => "It is the only one with credit.",
};
