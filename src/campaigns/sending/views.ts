import type { Claim } from "./claim.ts";

/**
 * Messages per claim and statement. The first claim is small, since a provider may take messages one by one.
 */
const firstClaim = 100;
const maxClaimSize = 1_000;
const fewest = 40;
/**
 * A scan that finds nothing reads every message of the closed providers, so scans may take at most 1/`looks`
 * of the time.
 */
const emptyRest = { minMs: 250, maxMs: 2_000, looks: 20 };

/**
 * The progress of a campaign for one set of closed providers. Each set has its own position, so messages of a
 * slow provider keep their turn and do not hold up the others.
 */
export interface View {
  /** The last id claimed. */
  position: string | undefined;
  /** How many messages to read in the next claim: not many more than the last one took. */
  limit: number;
  /** Until when it is not scanned again, after a scan found nothing. */
  emptyUntil: number;
}

/** The views of all running campaigns. */
export class Views {
  /** By campaign id, then by the closed providers. */
  readonly #views = new Map<string, Map<string, View>>();

  of(campaignId: string, closed: ReadonlySet<string>): View {
    const views = this.#views.get(campaignId) ?? new Map<string, View>();
    const key = [...closed].toSorted().join(" ");
    const view = views.get(key) ?? { position: undefined, limit: firstClaim, emptyUntil: 0 };
    this.#views.set(campaignId, views.set(key, view));
    return view;
  }

  /** When views that were found empty are scanned again. */
  get ends(): number[] {
    return [...this.#views.values()].flatMap((views) => [...views.values()].map((view) => view.emptyUntil));
  }

  /** Moves a view on after a claim that began at `begunAt`. */
  advance(view: View, { requests, last, isEmpty, unread }: Claim, begunAt: number): void {
    const taken = requests.reduce((sum, { messages }) => sum + messages.length, 0);
    // A provider that takes messages one by one has only so many slots; what it leaves was locked in vain.
    const isSingly = taken > 0 && taken === requests.length;
    view.limit = isSingly ? Math.max(taken, fewest) : Math.min(Math.max(firstClaim, taken * 4), maxClaimSize);
    // Messages of providers that were not read yet are looked for again from where they are.
    if (unread.size > 0) return;
    view.position = last;
    if (isEmpty) view.emptyUntil = restAfter(performance.now() - begunAt);
  }

  forgetAllBut(running: ReadonlySet<string>): void {
    for (const id of this.#views.keys()) if (!running.has(id)) this.#views.delete(id);
  }
}

const restAfter = (scanMs: number): number =>
  performance.now() + Math.min(Math.max(emptyRest.minMs, scanMs * emptyRest.looks), emptyRest.maxMs);
