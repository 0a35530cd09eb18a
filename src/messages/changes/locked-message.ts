import type { MessageState } from "../model/evolve.ts";

export interface LockedMessage extends MessageState {
  id: string;
  accountId: string;
  providerId: string | null;
  campaignId: string | null;
  lastEventTx: string;
  /** Kind of its provider. */
  kind: string | null;
  /** Currency of the provider's account. */
  accountCurrency: string | null;
  retryAt: Date | null;
  /** When to check it next: null for never, undefined to leave the plan as it is. */
  nextCheckAt?: Date | null;
}
