import { Buckets } from "../../lib/buckets.ts";
import type { InboundReading } from "../../providers/provider.ts";

/** Messages of up to so many characters count once. */
const charactersEach = 1_000;

/** Messages from people that are taken for an account: those that answer a campaign of millions, and then 36,000 an hour. */
const limit = { atOnce: 50_000, perSecond: 10 };

/**
 * How many messages from people are taken by callback URLs, in this process. Whoever knows one could fill the tables with
 * people who do not exist. Nothing is lost: the provider posts it again.
 */
export class InboundAllowance {
  readonly #messages: Buckets;

  constructor(now?: () => number) {
    this.#messages = new Buckets(limit, now);
  }

  takes(accountId: string, readings: readonly InboundReading[]): boolean {
    const count = readings.reduce((sum, { text }) => sum + Math.ceil((text.length + 1) / charactersEach), 0);
    return this.#messages.take(accountId, count);
  }
}
