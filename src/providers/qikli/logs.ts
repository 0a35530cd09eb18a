import type { ProviderReply, Receipt, UncertainSubmission } from "../provider.ts";
import { rowReceipt } from "./receipts.ts";
import { isNothing, logsPath, lookUp, maxLogRows, noLogs, unreadable } from "./reports.ts";
import { problemOf, type Transport } from "./transport.ts";
import { readReports } from "./wire.ts";

/** How far Qikli's clock may differ from ours. */
const clockMs = 2 * 60_000;
/** Maximum requests per reading, in case a platform ignores the period and always returns the same rows. */
const maxRequests = 64;
/** A period this short is not divided further. */
const minMs = 2_000;
/** Up to this many messages are looked up by their ids, the way the platform documents best. */
const fewMessages = 3;

type Logged = ReadonlyMap<string, readonly Receipt[]>;

/**
 * The receipts that the logs hold for submissions, by message id. The period of all submissions is read once.
 */
export async function readLogs(
  transport: Transport,
  submissions: readonly UncertainSubmission[],
  timeZone: string,
): Promise<ProviderReply<Logged>> {
  if (submissions.length <= fewMessages) return askEach(transport, submissions, timeZone);
  const times = submissions.map(({ attemptedAt }) => attemptedAt.getTime());
  const [from, until] = [Math.min(...times) - clockMs, Math.max(...times) + clockMs];
  const receipts = await readPeriod({ transport, timeZone, requestsLeft: maxRequests }, from, until);
  if (!receipts.ok) return receipts;
  const wanted = new Map(submissions.map(({ messageId }) => [messageId.toLowerCase(), messageId]));
  const wantedReceipts = receipts.value.flatMap((receipt) => {
    const clientRef = wanted.get(receipt.providerMessageId?.toLowerCase() ?? "");
    return clientRef === undefined ? [] : [{ ...receipt, clientRef }];
  });
  const found = byMessage(wantedReceipts);
  // If the platform understands the period differently, nothing is found in it: look a few messages up by id.
  const left = submissions.filter(({ messageId }) => !found.has(messageId)).slice(0, fewMessages);
  const asked = await askEach(transport, left, timeZone);
  return { ok: true, value: new Map([...found, ...(asked.ok ? asked.value : [])]) };
}

async function askEach(
  transport: Transport,
  submissions: readonly UncertainSubmission[],
  timeZone: string,
): Promise<ProviderReply<Logged>> {
  const reply = await lookUp(transport, submissions, timeZone);
  return reply.ok ? { ok: true, value: byMessage(reply.value) } : reply;
}

const byMessage = (receipts: readonly Receipt[]): Logged =>
  Map.groupBy(receipts, ({ clientRef = "" }) => clientRef);

interface LogReading {
  transport: Transport;
  timeZone: string;
  requestsLeft: number;
}

/** Reads a period; if its rows do not fit into one answer, it is divided in two. */
async function readPeriod(
  reading: LogReading,
  from: number,
  until: number,
): Promise<ProviderReply<Receipt[]>> {
  reading.requestsLeft--;
  const reply = await reading.transport.list(logsPath, {
    sentSince: writeTime(from),
    sentUntil: writeTime(until),
    limit: `${maxLogRows}`,
  });
  const problem = problemOf(reply);
  if (problem?.kind === "not_found") return noLogs;
  if (problem) return { ok: false, problem };
  const { rows } = readReports(reply.kind === "answer" ? reply.document : undefined);
  if (rows.length === 0 && !isNothing(reply)) return unreadable;
  if (rows.length < maxLogRows || until - from <= minMs || reading.requestsLeft < 2) {
    return { ok: true, value: rows.flatMap((row) => rowReceipt(row, reading.timeZone) ?? []) };
  }
  const middle = Math.floor((from + until) / 2);
  const first = await readPeriod(reading, from, middle);
  if (!first.ok) return first;
  const second = await readPeriod(reading, middle, until);
  return second.ok ? { ok: true, value: [...first.value, ...second.value] } : second;
}

/** `2015-02-12T09:58:20.323+0000`: the platform's format. */
const writeTime = (time: number): string => new Date(time).toISOString().replace("Z", "+0000");
