import { Prisma, type Message } from "../../database/generated/client.ts";
import { listedAs } from "../model/status.ts";
import type { MessageDraft } from "./draft.ts";

/** The row of a draft that was just stored in the transaction `tx`, without reading it back. */
export function storedMessage(draft: MessageDraft, tx: string): Message {
  const {
    idempotencyKey: _key,
    fingerprint: _fingerprint,
    trace: _trace,
    served: _served,
    follows,
    answers,
    route,
    ...stored
  } = draft;
  const status = draft.scheduledAt === null ? "QUEUED" : "SCHEDULED";
  return {
    ...unsent,
    ...stored,
    route: route as unknown as Message["route"],
    estimatedCost: draft.estimatedCost === null ? null : new Prisma.Decimal(draft.estimatedCost),
    follows: follows ?? null,
    answers: answers ?? null,
    status,
    listedAs: listedAs(status),
    lastEventTx: BigInt(tx),
    updatedAt: draft.createdAt,
  };
}

/** What is known of a message only later. */
const unsent = {
  campaignId: null,
  answeredCampaignId: null,
  version: 1,
  providerStatus: null,
  providerMessageId: null,
  providerBatchId: null,
  failureCode: null,
  failureText: null,
  failurePermanent: null,
  mccmnc: null,
  cost: null,
  costCurrency: null,
  submittedAt: null,
  sentAt: null,
  deliveredAt: null,
  retryAt: null,
} satisfies Partial<Message>;
