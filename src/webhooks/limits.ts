import { retryDelaysMs } from "./retries.ts";

/** Limits of one worker's deliveries to webhooks. */
export interface WebhookLimits {
  /** For a whole request. */
  timeoutMs: number;
  /** Requests in progress of one webhook. */
  maxInFlight: number;
  /** Requests in progress of a worker. */
  maxConcurrent: number;
  /** Requests that a worker begins for one account. */
  maxPerSecond: number;
  /** The pauses after failures. */
  retryDelaysMs: readonly number[];
}

export const defaultWebhookLimits: WebhookLimits = {
  timeoutMs: 15_000,
  maxInFlight: 20,
  maxConcurrent: 1_000,
  maxPerSecond: 2_500,
  retryDelaysMs,
};
