import type { Receipt } from "../../providers/provider.ts";
import type { EventSource } from "../model/status-change.ts";

/** A receipt (DLR: a provider's report on a message) and how it reached us. */
export interface ReceivedReceipt {
  providerId: string;
  source: Extract<EventSource, "CALLBACK" | "POLL" | "RECONCILE">;
  receivedAt: Date;
  receipt: Receipt;
}
