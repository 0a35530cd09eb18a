import { Shares } from "../lib/shares.ts";
import { whileStaying } from "./staying.ts";

/** Answers that take longer show that a provider is not well. Its time limit is much longer. */
const slowMs = 5_000;

/** What is known of a provider. */
interface Standing {
  accountId: string;
  /** When the work began that it has not answered yet, the oldest first. */
  open: Set<{ startedAt: number }>;
  /** Quick answers since the last one that was not. */
  quick: number;
  /** Whether it is not known yet how it answers. */
  isNew: boolean;
}

/** An account's providers of which nothing is known yet: so many are tried at a time, as a share of the places. */
const newOfOne = 1 / 8;

/** Standings that are kept in memory. */
const maxStandings = 10_000;

/** The places of a worker: one for each job that waits for a provider's answer. */
export interface WorkerPlaces {
  /** For messages that are submitted. */
  sending: ProviderPlaces;
  /** For messages that end or wait without being submitted. */
  unsent: Shares;
  /** For work on all messages of a campaign. */
  ofCampaigns: Shares;
  /** For what a provider is asked: receipts, look-ups, lists, balances, rates. Reading a long list is no bad sign. */
  asking: ProviderPlaces;
}

/** Where an account's messages end or wait unsent. Each takes little time, but there may be any number of them. */
const unsentOfOne = 1 / 4;

/** Making, changing and cancelling the messages of campaigns, which takes seconds, has so much of the places, and one account half of it. */
const campaignWork = 1 / 4;

/** What providers are asked has so much of the places at most, and that of one account half of it. A long list takes minutes. */
const ofAsking = 1 / 2;

/** What takes longer goes on only in one of the places for that, half of those for asking. */
const longAfterMs = 60_000;
const ofLong = 1 / 2;

/** Who found no place goes first for so long. It looks again within a second. */
const waitingMs = 1_500;

/** Work of both kinds shares the places. What a provider showed in one says nothing about the other. */
export function createWorkerPlaces(places: number, now?: () => number): WorkerPlaces {
  const all = new FairPlaces(places, new Shares(places, { ofOne: 3 / 4 }), now);
  const asked = new FairPlaces(places, new Shares(Math.ceil(places * ofAsking)), now);
  const long = new Shares(Math.ceil(places * ofAsking * ofLong));
  const maxNew = Math.max(1, Math.floor(places * newOfOne));
  return {
    sending: new ProviderPlaces({ kept: [all], maxNew, now }),
    unsent: new Shares(places, { ofOne: unsentOfOne }),
    ofCampaigns: new Shares(Math.ceil(places * campaignWork)),
    asking: new ProviderPlaces({ kept: [all, asked], long, maxNew, now }),
  };
}

/** Places, of which accounts that found none get their share before others take more than theirs. */
class FairPlaces {
  readonly #places: number;
  readonly #shares: Shares;
  readonly #now: () => number;
  /** When accounts were refused last. */
  readonly #refused = new Map<string, number>();

  constructor(places: number, shares: Shares, now = (): number => performance.now()) {
    this.#places = places;
    this.#shares = shares;
    this.#now = now;
  }

  hasRoom(accountId: string, isWell: boolean): boolean {
    return this.#shares.left(accountId, isWell) > 0 && this.#isTurnOf(accountId);
  }

  refuse(accountId: string): void {
    this.#refused.set(accountId, this.#now());
  }

  take(accountId: string, isWell: boolean, count: 1 | -1): void {
    if (count === 1) this.#refused.delete(accountId);
    this.#shares.take(accountId, isWell, count);
  }

  #isTurnOf(accountId: string): boolean {
    for (const [other, at] of this.#refused) if (this.#now() - at > waitingMs) this.#refused.delete(other);
    if (this.#refused.size === 0) return true;
    const everyone = new Set([...this.#shares.owners, ...this.#refused.keys(), accountId]);
    const share = Math.max(1, this.#places / everyone.size);
    const held = (one: string): number => this.#shares.held(one);
    if (held(accountId) < share) return true;
    return [...this.#refused.keys()].every((other) => other === accountId || held(other) >= share);
  }
}

interface PlacesOptions {
  /** What a place is taken from. */
  kept: readonly FairPlaces[];
  /** For work that takes long. */
  long?: Shares;
  /** How many providers of one account are tried at a time before anything is known of them. */
  maxNew: number;
  /** Milliseconds. */
  now?: (() => number) | undefined;
}

/**
 * Who holds the places of a worker. A provider that does not answer holds each of its places until the time limit. So an
 * account has a quarter of them for providers that did not answer quickly, all accounts have a half for those, and others
 * go on. A provider of which nothing is known yet is tried once, a few of an account at a time, and gets a place more with
 * each quick answer. Where all places are taken, they go round by account.
 */
export class ProviderPlaces {
  readonly #kept: readonly FairPlaces[];
  readonly #long: Shares | undefined;
  readonly #maxNew: number;
  /** Work with providers that are tried for the first time, by account. */
  readonly #new = new Map<string, number>();
  readonly #standings = new Map<string, Standing>();
  /** The providers of each account that have a standing. */
  readonly #known = new Map<string, Set<string>>();
  readonly #now: () => number;

  constructor({ kept, long, maxNew, now = () => performance.now() }: PlacesOptions) {
    this.#kept = kept;
    this.#long = long;
    this.#maxNew = maxNew;
    this.#now = now;
  }

  /** Returns how to give the place back; undefined when there is none at present. */
  take({ accountId, providerId }: { accountId: string; providerId: string }): (() => void) | undefined {
    const standing = this.#standingOf(accountId, providerId);
    const isFirst = this.#isFirst(standing);
    const isWell = isFirst || this.#isWell(standing);
    if (!this.#kept.every((places) => places.hasRoom(accountId, isWell))) {
      for (const places of this.#kept) places.refuse(accountId);
      return undefined;
    }
    for (const places of this.#kept) places.take(accountId, isWell, 1);
    const work = { startedAt: this.#now() };
    standing.open.add(work);
    if (isFirst) this.#new.set(accountId, this.#newOf(accountId) + 1);
    return () => {
      if (isFirst) this.#endFirst(accountId);
      standing.open.delete(work);
      standing.quick = this.#now() - work.startedAt < slowMs ? standing.quick + 1 : 0;
      standing.isNew = false;
      for (const places of this.#kept) places.take(accountId, isWell, -1);
    };
  }

  /**
   * Does work that asks a provider, in a place; false when there is none at present. What takes long, and may not stay
   * (`mayStay`), has to be begun again later: lists without an end must not keep everyone else waiting.
   */
  async hold(
    owner: { accountId: string; providerId: string },
    work: () => Promise<unknown>,
  ): Promise<boolean> {
    const leave = this.take(owner);
    if (!leave) return false;
    const longAt = this.#now() + longAfterMs;
    let isLong = false;
    const stays = (): boolean => {
      if (isLong || this.#now() < longAt) return true;
      isLong = this.#long === undefined || this.#long.left(owner.accountId, true) > 0;
      if (isLong) this.#long?.take(owner.accountId, true, 1);
      return isLong;
    };
    try {
      await whileStaying(stays, work);
      return true;
    } finally {
      if (isLong) this.#long?.take(owner.accountId, true, -1);
      leave();
    }
  }

  /** The providers of the account that have none at present, of those that were sent something here. */
  withoutPlace(accountId: string): string[] {
    return [...(this.#known.get(accountId) ?? [])].filter((providerId) => {
      const standing = this.#standingOf(accountId, providerId);
      const isWell = this.#isFirst(standing) || this.#isWell(standing);
      return !this.#kept.every((places) => places.hasRoom(accountId, isWell));
    });
  }

  #isFirst({ accountId, isNew, open }: Standing): boolean {
    return isNew && open.size === 0 && this.#newOf(accountId) < this.#maxNew;
  }

  /** One more request than it has answered quickly may be on its way to it. */
  #isWell({ open, quick }: Standing): boolean {
    const [oldest] = open;
    if (!oldest) return quick > 0;
    return open.size <= quick && this.#now() - oldest.startedAt < slowMs;
  }

  #newOf(accountId: string): number {
    return this.#new.get(accountId) ?? 0;
  }

  #endFirst(accountId: string): void {
    const left = this.#newOf(accountId) - 1;
    if (left === 0) this.#new.delete(accountId);
    else this.#new.set(accountId, left);
  }

  #standingOf(accountId: string, providerId: string): Standing {
    const known = this.#standings.get(providerId);
    if (known) return known;
    const made: Standing = { accountId, open: new Set(), quick: 0, isNew: true };
    this.#standings.set(providerId, made);
    const providers = this.#known.get(accountId) ?? new Set();
    this.#known.set(accountId, providers.add(providerId));
    if (this.#standings.size > maxStandings) this.#forgetOldest();
    return made;
  }

  #forgetOldest(): void {
    for (const [providerId, { accountId, open }] of this.#standings) {
      if (open.size > 0) continue;
      this.#standings.delete(providerId);
      const providers = this.#known.get(accountId);
      providers?.delete(providerId);
      if (providers?.size === 0) this.#known.delete(accountId);
      return;
    }
  }
}
