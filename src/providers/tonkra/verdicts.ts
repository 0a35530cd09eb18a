import { digitsOf } from "../wire/text.ts";
import { readData, readPage, type Row } from "./wire.ts";

/** The verdict on one number in a successful answer. */
export type Verdict =
  | { kind: "taken"; uid: string }
  /** Missing from a list that has all the others; its error is in the answer's `message`. */
  | { kind: "refused" }
  /** Cannot be told: no row, no uid, or rows of numbers that were not sent. */
  | { kind: "unclear" };

/**
 * Reads the verdict on each number. One number gives one row. Several give a list with a row for each
 * accepted number, or no rows if they are scheduled (public clients).
 */
export function readVerdicts(json: unknown, recipients: readonly string[]): Map<string, Verdict> {
  const { rows } = readPage(json);
  const isList = Array.isArray(readData(json));
  const [only] = rows;
  if (!isList && recipients.length === 1 && only) return each(recipients, () => verdictOf(only));
  const byNumber = new Map(rows.toReversed().map((row) => [digitsOf(row.to ?? ""), row]));
  const known = new Set(recipients.map(digitsOf));
  const isComplete = isList && [...byNumber.keys()].every((number) => known.has(number));
  return each(recipients, (recipient) => {
    const row = byNumber.get(digitsOf(recipient));
    if (row) return verdictOf(row);
    return { kind: isComplete ? "refused" : "unclear" };
  });
}

function each(recipients: readonly string[], verdict: (recipient: string) => Verdict): Map<string, Verdict> {
  return new Map(recipients.map((recipient) => [recipient, verdict(recipient)]));
}

function verdictOf({ uid }: Row): Verdict {
  return uid === undefined ? { kind: "unclear" } : { kind: "taken", uid };
}
