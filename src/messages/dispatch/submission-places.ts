import { Shares } from "../../lib/shares.ts";

/** Answers that take longer show that a provider is not well. Its time limit is much longer. */
const slowMs = 5_000;

/** What is known of a provider. */
interface Standing {
  /** When the submissions began that it has not answered yet, the oldest first. */
  open: Set<{ startedAt: number }>;
  /** Quick answers since the last one that was not. */
  quick: number;
  /** Whether it is not known yet how it answers. */
  isNew: boolean;
}

/**
 * Who holds the places of a worker. A provider that does not answer holds each of its places until the time limit. So an
 * account has a quarter of them for providers that did not answer quickly, all accounts have a half for those, and others
 * go on. One of which nothing is known yet is tried with one message, and gets a place more with each quick answer.
 */
export class SubmissionPlaces {
  readonly #shares: Shares;
  readonly #standings = new Map<string, Standing>();
  readonly #now: () => number;

  constructor(places: number, now = (): number => performance.now()) {
    this.#shares = new Shares(places, { ofOne: 3 / 4 });
    this.#now = now;
  }

  /** Returns how to give the place back; undefined when there is none at present. */
  take({ accountId, providerId }: { accountId: string; providerId: string }): (() => void) | undefined {
    const standing = this.#standingOf(providerId);
    const isWell = this.#isWell(standing);
    if (this.#shares.left(accountId, isWell) <= 0) return undefined;
    this.#shares.take(accountId, isWell, 1);
    const submission = { startedAt: this.#now() };
    standing.open.add(submission);
    return () => {
      standing.open.delete(submission);
      standing.quick = this.#now() - submission.startedAt < slowMs ? standing.quick + 1 : 0;
      standing.isNew = false;
      this.#shares.take(accountId, isWell, -1);
    };
  }

  /** One more message than it has answered quickly may be on its way to it. */
  #isWell({ open, quick, isNew }: Standing): boolean {
    const [oldest] = open;
    if (!oldest) return isNew || quick > 0;
    return open.size <= quick && this.#now() - oldest.startedAt < slowMs;
  }

  #standingOf(providerId: string): Standing {
    const known = this.#standings.get(providerId);
    if (known) return known;
    const made: Standing = { open: new Set(), quick: 0, isNew: true };
    this.#standings.set(providerId, made);
    return made;
  }
}
