import { digitsOf } from "../wire/text.ts";
import { readData, readPage, type Row } from "./wire.ts";

/** What a successful answer says of one number. */
export type Verdict =
  | { kind: "taken"; uid: string }
  /** Left out of a list that has all the others: its error is in the answer's `message`. */
  | { kind: "refused" }
  /** Nothing that can be told apart: no row, no uid, or rows of numbers that were not sent. */
  | { kind: "unclear" };

/**
 * Reads the answer to a send, number by number. One number gives one row; several give a list with a row for each
 * that was taken, or nothing at all where they are scheduled (public clients).
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
