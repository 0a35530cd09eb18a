import type { CallbackReading, InboundReading, ProviderClient, ProviderReply, Receipt } from "./provider.ts";

/**
 * Checks whether the values of a receipt are plausible. Anyone with a callback URL can post anything, and a
 * provider's software may be broken. A receipt with an implausible value is not used at all.
 */

const maxIdLength = 255;
const maxStatusLength = 200;
const maxTextLength = 2_000;
/** Of a message from a person: 255 segments are fewer. */
const maxInboundLength = 40_000;
const maxAddressLength = 50;
/** Parts of a message are numbered in one byte (3GPP TS 23.040, 9.2.3.24.1). */
const maxParts = 255;
/** Maximum for one part, in any currency. */
const maxCost = 1_000_000;
const maxCostDigits = 24;
const earliest = Date.UTC(2000, 0);
/** How far a provider's time may be ahead: its clock may be wrong, or its time zone not set. */
const maxAheadMs = 48 * 3_600_000;

/** Says in plain words what is implausible in a receipt; undefined when nothing is. */
export function nonsenseIn(receipt: Receipt, now: Date): string | undefined {
  const { providerStatus, failure, part, parts, cost, occurredAt } = receipt;
  if (!hasId(receipt)) return `an id of ${receipt.providerMessageId?.length} characters`;
  if (providerStatus.length > maxStatusLength) return `a status of ${providerStatus.length} characters`;
  if ((failure?.text.length ?? 0) > maxTextLength) return "a reason of too many characters";
  if (part < 1 || part > parts || parts > maxParts) return `part ${part} of ${parts}`;
  if (cost !== undefined && !isCost(cost)) return "a cost that is negative, or more than any message costs";
  if (occurredAt && !isTime(occurredAt, now)) return `the time ${occurredAt.toISOString()}`;
  return undefined;
}

/** An id that is too long is ignored if the receipt also has our reference. */
const hasId = ({ providerMessageId, clientRef }: Receipt): boolean =>
  [providerMessageId, clientRef].some((id) => id !== undefined && id.length <= maxIdLength);

const isCost = (cost: string): boolean =>
  cost.length <= maxCostDigits && Number(cost) >= 0 && Number(cost) <= maxCost;

const isTime = (time: Date, now: Date): boolean =>
  time.getTime() >= earliest && time.getTime() <= now.getTime() + maxAheadMs;

const isInbound = ({ from = "", to = "", text, sentAt, ...ids }: InboundReading, now: Date): boolean =>
  from.length <= maxAddressLength &&
  to.length <= maxAddressLength &&
  text.length <= maxInboundLength &&
  [ids.providerMessageId, ids.answersProviderMessageId].every((id) => (id?.length ?? 0) <= maxIdLength) &&
  (sentAt === undefined || isTime(sentAt, now));

function divide(receipts: readonly Receipt[], now: Date): { sensible: Receipt[]; nonsense: string[] } {
  const sensible: Receipt[] = [];
  const nonsense: string[] = [];
  for (const receipt of receipts) {
    const found = nonsenseIn(receipt, now);
    if (found === undefined) sensible.push(receipt);
    else nonsense.push(found);
  }
  return { sensible, nonsense };
}

/** Removes implausible receipts from a reading and reports them as its problem. */
export function withoutNonsense(reading: CallbackReading, now = new Date()): CallbackReading {
  if (reading.kind !== "receipts") return reading;
  const { sensible, nonsense } = divide(reading.receipts, now);
  const inbound = (reading.inbound ?? []).filter((one) => isInbound(one, now));
  const odd = nonsense.length + (reading.inbound?.length ?? 0) - inbound.length;
  if (odd === 0) return reading;
  const all = reading.receipts.length + (reading.inbound?.length ?? 0);
  const reason = `${odd} of ${all} reports make no sense: ${nonsense[0] ?? "an answer that no person writes"}.`;
  if (sensible.length === 0 && inbound.length === 0) return { kind: "unreadable", reason };
  return {
    kind: "receipts",
    receipts: sensible,
    ...(inbound.length > 0 && { inbound }),
    problem: [reading.problem, reason].filter(Boolean).join(" "),
  };
}

/** Applies the same check to what a provider answers when asked. */
export function sensibleClient(client: ProviderClient): ProviderClient {
  return {
    ...client,
    lookUp: async (messages) => withoutNonsensicalAnswers(await client.lookUp(messages)),
    async reconcile(submissions, support) {
      const outcomes = await client.reconcile(submissions, support);
      return outcomes.map((outcome) =>
        outcome.kind === "found"
          ? { ...outcome, receipts: divide(outcome.receipts, new Date()).sensible }
          : outcome,
      );
    },
  };
}

function withoutNonsensicalAnswers(reply: ProviderReply<Receipt[]>): ProviderReply<Receipt[]> {
  if (!reply.ok) return reply;
  const { sensible, nonsense } = divide(reply.value, new Date());
  if (sensible.length > 0 || nonsense.length === 0) return { ok: true, value: sensible };
  return { ok: false, problem: { kind: "unreadable", detail: `The answer makes no sense: ${nonsense[0]}.` } };
}
