import type { MessageFailure } from "../../providers/provider.ts";
import type { Rerouting } from "./evolve.ts";
import type { MessageStatus } from "./status.ts";
import type { DecimalText } from "../../lib/money.ts";

/** How a change reached us. */
export type EventSource = "API" | "DISPATCH" | "CALLBACK" | "POLL" | "RECONCILE";

/** Something that may change a message's status: a step of our own, or a provider's report. */
export interface StatusChange {
  messageId: string;
  /** The provider that the change is about; absent: the one that has the message. */
  providerId?: string | undefined;
  /** Moves the message to another provider. */
  rerouting?: Rerouting | undefined;
  status: MessageStatus;
  source: EventSource;
  /** When we learned of it, by our clock. */
  receivedAt: Date;
  /** When it happened, by the provider's clock where it gave a time. */
  occurredAt?: Date | undefined;
  providerStatus?: string | undefined;
  providerMessageId?: string | undefined;
  providerBatchId?: string | undefined;
  part?: number;
  parts?: number;
  cost?: DecimalText | undefined;
  /** Absent: the currency of the provider's account. */
  costCurrency?: string | undefined;
  mccmnc?: string | undefined;
  failure?: MessageFailure | undefined;
  /** An explanation for the timeline, in plain words. */
  detail?: string | undefined;
  /**
   * Earliest time of the next attempt. Only for messages of campaigns; single messages wait in the job queue.
   */
  retryAt?: Date;
  /** What an erased message becomes that would wait for another attempt. Absent: CANCELLED, since no provider has it. */
  statusOfErased?: MessageStatus;
  /** No further checks follow. */
  isEnd?: boolean;
  /** The change is dropped without a trace when the message has another status, or another provider. */
  onlyFrom?: readonly MessageStatus[];
}
