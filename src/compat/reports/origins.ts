import { Shares } from "../../lib/shares.ts";
import type { KnownMessage } from "../known/messages.ts";
import type { DueReport, Room } from "./queue.ts";
import { Wanted } from "./wanted.ts";

/** A report that this process has taken and not yet posted. */
export interface HeldReport {
  report: DueReport;
  /** Undefined for one that was erased meanwhile. */
  message: KnownMessage | undefined;
  /** By the monotonic clock, before it was asked for. */
  takenAt: number;
}

/** Requests in progress to an origin of which nothing is known, and at most. */
const usual = 8;
const widest = 64;
/**
 * What is held of one origin is posted within about this time, or while what is in progress is answered, and is no more
 * than so many.
 */
const holdMs = 1_000;
const mostHeld = 1_000;

/**
 * One origin's reports and how many of them may be in progress: one at a time if it fails, and one more after each
 * success. So an endpoint that does not answer holds up none but itself.
 */
export class Origin {
  readonly name: string;
  readonly held: HeldReport[] = [];
  inFlight = 0;
  /** Whose reports it got last. */
  accountId = "";
  /** Whether its last answer was the one that is wanted. */
  isWell = false;
  #window = usual;
  #latencyMs: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Whether another request may begin. */
  get isOpen(): boolean {
    return this.held.length > 0 && this.inFlight < this.#window;
  }

  get isIdle(): boolean {
    return this.held.length === 0 && this.inFlight === 0;
  }

  /** How many may be held or in progress. */
  get capacity(): number {
    if (this.#latencyMs === undefined) return this.#window;
    const soon = Math.ceil((this.#window * holdMs) / Math.max(1, this.#latencyMs));
    return Math.max(2 * this.#window, Math.min(soon, mostHeld));
  }

  get room(): number {
    return Math.max(0, this.capacity - this.held.length - this.inFlight);
  }

  /** Whether it is time to take more: not for a few at a time. */
  get isHungry(): boolean {
    return this.room * 2 >= this.capacity;
  }

  /** After an answer, or none. */
  note(isTaken: boolean, latencyMs: number): void {
    this.isWell = isTaken;
    this.#window = isTaken ? Math.min(widest, this.#window + 1) : 1;
    const before = this.#latencyMs ?? latencyMs;
    this.#latencyMs = before + (latencyMs - before) / 5;
  }

  /** Takes out what there is no time for any more, if that is much. */
  surplus(): HeldReport[] {
    const { capacity, inFlight, held } = this;
    return held.length + inFlight > 2 * capacity ? held.splice(Math.max(0, capacity - inFlight)) : [];
  }
}

/** What counts of an origin that nothing is known of. */
const unknown = new Origin("");

/** So many are remembered of those to which nothing is in progress; of one account no more than its part while others need theirs. */
const mostKnown = 4_000;
const mostKnownOfOne = mostKnown / 8;

/** Reports in the memory of this process, over all origins. */
const mostHeldOfAll = 5_000;

/** The origins that reports go to, and of which more is wanted. */
export class Origins {
  readonly #known = new Map<string, Origin>();
  readonly #wanted = new Wanted();

  get(name: string): Origin {
    const known = this.#known.get(name);
    if (known) return known;
    const origin = new Origin(name);
    this.#known.set(name, origin);
    return origin;
  }

  get all(): readonly Origin[] {
    return [...this.#known.values()];
  }

  /** More may be due to it. */
  want(name: string, accountId: string): void {
    this.#wanted.add(name, accountId);
  }

  /** Whether it is time to ask for more of this origin. */
  isWanted(origin: Origin): boolean {
    return this.#wanted.has(origin.name, origin.accountId) && origin.isHungry;
  }

  /** What to ask for now; what has no room yet is wanted later. */
  takeRooms(): Room[] {
    const rooms: Room[] = [];
    const shares = new Shares(mostHeldOfAll);
    this.#forgetIdle();
    for (const { accountId, isWell, held, inFlight } of this.#known.values())
      shares.take(accountId, isWell, held.length + inFlight);
    for (const [name, accountId] of this.#wanted.inTurns((one) => shares.left(one, true) > 0)) {
      const { isWell, isHungry, room } = this.#known.get(name) ?? unknown;
      const places = isHungry ? Math.min(room, shares.left(accountId, isWell)) : 0;
      if (places <= 0) continue;
      this.get(name).accountId = accountId;
      rooms.push({ accountId, origin: name, places });
      shares.take(accountId, isWell, places);
      this.#wanted.delete(name, accountId);
    }
    return rooms;
  }

  /** The oldest first: those of accounts that have more than their part, then of any. */
  #forgetIdle(): void {
    const excess = this.#known.size - mostKnown;
    if (excess <= 0) return;
    const idle = [...Map.groupBy(this.#known.values(), ({ accountId }) => accountId).values()].map((own) => ({
      beyond: Math.max(0, own.length - mostKnownOfOne),
      origins: own.filter(({ isIdle }) => isIdle),
    }));
    const first = idle.flatMap(({ beyond, origins }) => origins.slice(0, beyond));
    const then = idle.flatMap(({ beyond, origins }) => origins.slice(beyond));
    for (const { name } of [...first, ...then].slice(0, excess)) this.#known.delete(name);
  }
}
