import type { Receipt } from "../../providers/provider.ts";
import type { EventSource } from "../model/status-change.ts";

/** A receipt with where it came from. */
export interface ReceivedReceipt {
  providerId: string;
  source: Extract<EventSource, "CALLBACK" | "POLL" | "RECONCILE">;
  receivedAt: Date;
  receipt: Receipt;
}
