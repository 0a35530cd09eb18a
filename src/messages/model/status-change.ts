import type { MessageFailure } from "../../providers/provider.ts";
import type { Rerouting } from "./evolve.ts";
import type { MessageStatus } from "./status.ts";
import type { DecimalText } from "../../lib/money.ts";

/** Which road a change came by. */
export type EventSource = "API" | "DISPATCH" | "CALLBACK" | "POLL" | "RECONCILE";

/** Something that may change a message's status: our own step, or what a provider says. */
export interface StatusChange {
  messageId: string;
  /** The provider it is about; absent: whichever has the message. */
  providerId?: string | undefined;
  /** Moves the message to another provider. */
  rerouting?: Rerouting | undefined;
  status: MessageStatus;
  source: EventSource;
  /** Our clock. */
  receivedAt: Date;
  /** The provider's clock, where it gave one. */
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
  /** Plain words for the timeline. */
  detail?: string | undefined;
  /** Not to be tried again before; for a message of a campaign that is QUEUED once more. */
  retryAt?: Date;
  /** We have stopped looking after the message. */
  isEnd?: boolean;
  /** The change is dropped without a trace when the message is in another status, or with another provider. */
  onlyFrom?: readonly MessageStatus[];
}
