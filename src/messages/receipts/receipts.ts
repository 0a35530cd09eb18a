import type { ReceivedReceipt } from "./received-receipt.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import type { Receipt, ReportedStatus } from "../../providers/provider.ts";
import { canonicalId, isUuid } from "../../lib/uuid.ts";
import { blankErased, parkReceipts, takeParkedBefore, type ProviderReference } from "./parked.ts";
import type { StatusChange } from "../model/status-change.ts";
import { applyChanges, type Transition } from "../changes/transition.ts";

/** What became of a receipt. */
export type ReceiptOutcome = { status: ReportedStatus } & (
  | { kind: "matched"; transition: Transition }
  | { kind: "parked" }
  | { kind: "unknown" }
  /** Not kept: too many of the provider's receipts are parked. */
  | { kind: "dropped" }
);

/** Whether no message was found for a receipt, at least not yet. */
export const isUnmatched = ({ kind }: ReceiptOutcome): boolean => kind !== "matched";

/** Whether a receipt is about a person who was erased: its body is counted, but not kept. */
export const isOfErased = (outcome: ReceiptOutcome): boolean =>
  outcome.kind === "matched" && outcome.transition.isErased;

const identify: Statement = {
  name: "identify_messages",
  text: `
    select r.place, coalesce(by_reference.id, by_provider_id.id) as "messageId",
      by_provider_id.id is not null and exists (
        select 1 from parked_receipts
        where provider_id = r.provider_id and provider_message_id = r.provider_message_id
      ) as "hasParked"
    from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[]) as r (place, provider_id, reference, provider_message_id)
    left join messages as by_reference
      on by_reference.id = r.reference and (
        by_reference.provider_id = r.provider_id
        or exists (select 1 from attempts where message_id = r.reference and provider_id = r.provider_id)
      )
    left join lateral (
      select id from messages
      where provider_id = r.provider_id and provider_message_id = r.provider_message_id
      order by id desc
      limit 1
    ) as by_provider_id on by_reference.id is null
    order by r.place`,
};

/**
 * Applies receipts, from any source, to their messages in the order given. Receipts whose message is not
 * known yet are parked. Runs in the caller's transaction.
 */
export async function applyReceipts(
  transaction: Queryable,
  incoming: readonly ReceivedReceipt[],
): Promise<ReceiptOutcome[]> {
  const received = incoming.map((one) => ({ ...one, receipt: withoutUnstorable(one.receipt) }));
  const identified = await identifyMessages(transaction, received);
  const matched = received.flatMap((one, index) => {
    const { messageId = null } = identified[index] ?? {};
    return messageId === null ? [] : [{ index, change: toChange(messageId, one) }];
  });
  const earlier = await takeParkedBefore(
    transaction,
    received.flatMap((one, index) => parkedOf(one, identified[index])),
  );
  const changes = matched.map(({ change }) => change);
  const all = await applyChanges(transaction, [...earlier, ...changes]);
  await blankErased(transaction, all.slice(0, earlier.length));
  const outcomes = all.slice(earlier.length);
  const outcomeAt = new Map(matched.map(({ index }, order) => [index, outcomes[order]]));
  const parked = await parkReceipts(
    transaction,
    received.filter((_, index) => !outcomeAt.has(index)),
  );
  return received.map((one, index) => {
    const { status, providerMessageId } = one.receipt;
    const outcome = outcomeAt.get(index);
    if (outcome?.kind === "taken") return { status, kind: "matched", transition: outcome };
    if (providerMessageId === undefined || outcome) return { status, kind: "unknown" };
    return { status, kind: parked.has(one) ? "parked" : "dropped" };
  });
}

const clean = (text: string): string => text.replaceAll("\0", "").toWellFormed();

/** PostgreSQL stores neither NUL nor a lone surrogate, and a provider's text may contain either. */
function withoutUnstorable(receipt: Receipt): Receipt {
  const entries = Object.entries(receipt).map(([key, value]) => [
    key,
    typeof value === "string" ? clean(value) : value,
  ]);
  const { providerMessageId, ...cleaned } = Object.fromEntries(entries) as Receipt;
  const failure = receipt.failure && { ...receipt.failure, text: clean(receipt.failure.text) };
  return {
    ...cleaned,
    ...(failure && { failure }),
    ...(providerMessageId !== undefined && { providerMessageId: canonicalId(providerMessageId) }),
  };
}

/** An earlier receipt may still be parked, when its transaction and that of the submission crossed. */
function parkedOf(
  { providerId, receipt }: ReceivedReceipt,
  found: Identified | undefined,
): ProviderReference[] {
  const { providerMessageId } = receipt;
  return found?.hasParked && providerMessageId !== undefined ? [{ providerId, providerMessageId }] : [];
}

interface Identified {
  messageId: string | null;
  hasParked: boolean;
}

/** Whose messages receipts are for. */
export async function identifyMessages(
  transaction: Queryable,
  received: readonly Pick<ReceivedReceipt, "providerId" | "receipt">[],
): Promise<Identified[]> {
  if (received.length === 0) return [];
  return transaction.query<Identified>(identify, [
    received.map((_, index) => index),
    received.map(({ providerId }) => providerId),
    received.map(({ receipt }) => reference(receipt)),
    received.map(({ receipt }) => receipt.providerMessageId ?? null),
  ]);
}

/** Our reference as the provider echoed it; any other content of that field is not ours. */
function reference({ clientRef }: Receipt): string | null {
  const written = clientRef?.trim().toLowerCase();
  return written !== undefined && isUuid(written) ? written : null;
}

function toChange(
  messageId: string,
  { providerId, receipt, source, receivedAt }: ReceivedReceipt,
): StatusChange {
  const { clientRef: _reference, ...said } = receipt;
  return { ...said, messageId, providerId, source, receivedAt };
}
