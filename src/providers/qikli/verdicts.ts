import type { SubmitOutcome } from "../provider.ts";
import { outOfCredit, unmentioned } from "../wire/outcomes.ts";
import { digitsOf } from "../wire/text.ts";
import type { Sendable } from "./request.ts";
import { noCreditCode, readStatus } from "./status.ts";
import type { Transport } from "./transport.ts";
import { readBulkId, readMessages, type Row } from "./wire.ts";

/** Reads the verdict on each destination. The HTTP status is 200, whatever the verdicts are. */
export function readVerdicts(
  document: unknown,
  sendables: readonly Sendable[],
  { clean }: Pick<Transport, "clean">,
): SubmitOutcome[] {
  const bulkId = readBulkId(document);
  const rows = rowsOf(readMessages(document), sendables);
  return sendables.map((sendable) => {
    const outcomes = (rows.get(sendable) ?? []).map((row) => outcomeOf(row, sendable, bulkId, clean));
    const [first = unmentioned] = outcomes;
    const isOfOneMind = outcomes.every(({ kind }) => kind === first.kind);
    return isOfOneMind ? first : { kind: "ambiguous", reason: "the answer contradicts itself" };
  });
}

function outcomeOf(
  row: Row,
  { messageId }: Sendable,
  bulkId: string | undefined,
  clean: Transport["clean"],
): SubmitOutcome {
  if (!row.status) return unmentioned;
  const { status, failure } = readStatus(row.status);
  if (status === "UNKNOWN") return { kind: "ambiguous", reason: "the answer has an unknown status" };
  if (!failure) {
    return {
      kind: "accepted",
      providerMessageId: row.messageId ?? messageId,
      providerBatchId: row.bulkId ?? bulkId,
    };
  }
  if (failure.code === noCreditCode) return outOfCredit(clean(failure.text));
  const kind = status === "REJECTED" ? "REJECTED" : "FAILED";
  return { kind: "rejected", status: kind, failure: { ...failure, text: clean(failure.text) } };
}

/**
 * Finds the rows of each message, in any order. A row belongs to a message by our message id. A row without
 * one of our ids belongs by number, if it is the only such row for that number and exactly one message to it
 * has no row.
 */
function rowsOf(rows: readonly Row[], sendables: readonly Sendable[]): Map<Sendable, readonly Row[]> {
  const byId = Map.groupBy(rows, ({ messageId }) => messageId?.toLowerCase());
  const found = new Map<Sendable, readonly Row[]>();
  for (const sendable of sendables) {
    const ofMessage = byId.get(sendable.messageId.toLowerCase());
    if (ofMessage) found.set(sendable, ofMessage);
  }
  const left = sendables.filter((sendable) => !found.has(sendable));
  if (left.length === 0) return found;
  const ids = new Set(sendables.map(({ messageId }) => messageId.toLowerCase()));
  const nobodys = rows.filter(({ messageId, to }) => to && !ids.has(messageId?.toLowerCase() ?? ""));
  const byNumber = Map.groupBy(nobodys, ({ to = "" }) => digitsOf(to));
  for (const [number, [sendable, ...others]] of Map.groupBy(left, ({ to }) => digitsOf(to))) {
    const row = byNumber.get(number);
    if (sendable && others.length === 0 && row?.length === 1) found.set(sendable, row);
  }
  return found;
}
