import { TooManyRequestsError, type ShareHolder } from "../lib/errors.ts";
import { holderOf } from "./allowance.ts";
import type { Viewer } from "./api-keys.ts";
import { LastAskers } from "./last-askers.ts";

/** What one socket, key or account may use at once. */
interface Share {
  queries: number;
  mutations: number;
  /**
   * Total cost of what runs together. A more expensive operation runs only when nothing else of the holder
   * does.
   */
  cost: number;
  /** How many operations may wait for their turn, and their total cost. */
  waiting: number;
  waitingCost: number;
}

export interface OperationLimits {
  socket: Share;
  key: Share;
  account: Share;
  maxWaitMs: number;
}

/**
 * A few queries at once already use all that the database and the processor have. Messages sent at once are
 * stored together, so more mutations at once are better.
 */
const defaultOperationLimits: OperationLimits = {
  socket: { queries: 8, mutations: 500, cost: 5_000, waiting: 1_500, waitingCost: 150_000 },
  key: { queries: 12, mutations: 1_000, cost: 10_000, waiting: 3_000, waitingCost: 225_000 },
  account: { queries: 16, mutations: 2_000, cost: 15_000, waiting: 4_000, waitingCost: 300_000 },
  maxWaitMs: 2_000,
};

interface Caller {
  viewer: Viewer | undefined;
  /** The WebSocket of the operation; undefined over HTTP. */
  socket: object | undefined;
}

export interface Load {
  kind: "queries" | "mutations";
  cost: number;
}

/** From this cost on, an operation keeps the process and the database busy for milliseconds. */
const largeCost = 1_000;
const maxRestMs = 100;

/** Frees the place of an operation. Calling it again does nothing. */
export type Leave = () => void;

/**
 * Lets operations run while each socket, key and account stays within its share. An operation above its share
 * waits briefly in the account's own queue. When the queue is full too, it is refused at once. While another account
 * asks, an account begins its large operations one at a time and rests after each as long as that took: half of the time
 * is left to the others. Large ones that had begun before go on.
 */
export class FairShares {
  readonly #limits: OperationLimits;
  readonly #sockets = new WeakMap<object, Holding>();
  readonly #keys = new Map<string, Holding>();
  readonly #accounts = new Map<string, Holding>();
  readonly #askers: LastAskers;
  /** Thousands may be refused at once: making an error for each would cost as much as running some of them. */
  readonly #refusals = new Map<ShareHolder, TooManyRequestsError>();

  constructor(limits: OperationLimits = defaultOperationLimits, askers = new LastAskers()) {
    this.#limits = limits;
    this.#askers = askers;
  }

  /** Accounts with a running operation. */
  get accounts(): number {
    return this.#accounts.size;
  }

  /** Resolves when the operation may run; returns how to give its place back. @throws TooManyRequestsError */
  enter(caller: Caller, load: Load): Leave | Promise<Leave> {
    const place = this.#placeFor(caller, load);
    this.#askers.note(place.account.name);
    const { queue, holdsLargeBack } = place.account;
    if ((queue.size === 0 || holdsLargeBack) && place.fits()) return this.#begin(place);
    const full = place.holdings.find((holding) => !holding.mayWait(load));
    if (full) throw this.#tooMany(full);
    return this.#wait(place);
  }

  #wait(place: Place): Promise<Leave> {
    const { promise, resolve, reject } = Promise.withResolvers<Leave>();
    const timer = setTimeout(() => {
      const full = place.holdings.find((holding) => !holding.fits(place.load)) ?? place.account;
      place.stopWaiting();
      this.#advance(place.account);
      reject(this.#tooMany(full));
    }, this.#limits.maxWaitMs);
    place.wait(() => {
      clearTimeout(timer);
      resolve(this.#begin(place));
    });
    this.#advance(place.account);
    return promise;
  }

  #begin(place: Place): Leave {
    const { account } = place;
    for (const holding of place.holdings) holding.begin(place.load);
    if (place.isLarge && this.#askers.isAnotherThan(account.name)) account.holdsLargeBack = true;
    const startedAt = performance.now();
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      for (const holding of place.holdings) holding.end(place.load);
      if (place.isLarge && account.holdsLargeBack) this.#rest(account, performance.now() - startedAt);
      this.#advance(account);
      this.#forget(place.holdings);
    };
  }

  #forget(holdings: readonly Holding[]): void {
    for (const { name, isIdle } of holdings) {
      if (!isIdle) continue;
      this.#keys.delete(name);
      this.#accounts.delete(name);
    }
  }

  #rest(account: Holding, ms: number): void {
    setTimeout(
      () => {
        account.holdsLargeBack = false;
        this.#advance(account);
        this.#forget([account]);
      },
      Math.min(ms, maxRestMs),
    ).unref();
  }

  /** Starts waiting operations in order, skipping those whose own socket or key is full. */
  #advance(account: Holding): void {
    for (const place of account.queue) {
      if (place.fits()) place.start();
      else if (!account.fits(place.load)) return;
    }
  }

  #placeFor({ viewer, socket }: Caller, load: Load): Place {
    const { socket: ofSocket, key: ofKey, account: ofAccount } = this.#limits;
    const name = holderOf(viewer);
    const account = holdingIn(this.#accounts, name, () => new Holding(name, "ACCOUNT", ofAccount));
    const keyName = `${name} ${viewer?.keyId ?? ""}`;
    const key = holdingIn(this.#keys, keyName, () => new Holding(keyName, "KEY", ofKey));
    if (!socket) return new Place(load, account, [key, account]);
    const own = holdingIn(this.#sockets, socket, () => new Holding("", "SOCKET", ofSocket));
    return new Place(load, account, [own, key, account]);
  }

  #tooMany({ scope }: Holding): TooManyRequestsError {
    const known = this.#refusals.get(scope);
    if (known) return known;
    const made = new TooManyRequestsError(scope, Math.ceil(this.#limits.maxWaitMs / 1000));
    this.#refusals.set(scope, made);
    return made;
  }
}

interface Holdings<Name> {
  get(name: Name): Holding | undefined;
  set(name: Name, holding: Holding): unknown;
}

function holdingIn<Name>(all: Holdings<Name>, name: Name, make: () => Holding): Holding {
  const known = all.get(name);
  if (known) return known;
  const made = make();
  all.set(name, made);
  return made;
}

/** The running and waiting operations of one socket, key or account. */
class Holding {
  readonly name: string;
  readonly scope: ShareHolder;
  /** For an account: its waiting operations, oldest first. */
  readonly queue = new Set<Place>();
  /** For an account: whether large operations wait until the running one has ended and the account has rested. */
  holdsLargeBack = false;
  readonly #share: Share;
  readonly #running = { queries: 0, mutations: 0, cost: 0 };
  readonly #waiting = { operations: 0, cost: 0 };

  constructor(name: string, scope: ShareHolder, share: Share) {
    this.name = name;
    this.scope = scope;
    this.#share = share;
  }

  get isIdle(): boolean {
    const { queries, mutations } = this.#running;
    return queries + mutations + this.#waiting.operations === 0 && !this.holdsLargeBack;
  }

  fits({ kind, cost }: Load): boolean {
    const running = this.#running;
    if (running[kind] >= this.#share[kind]) return false;
    return running.cost === 0 || running.cost + cost <= this.#share.cost;
  }

  mayWait({ cost }: Load): boolean {
    const { operations, cost: waiting } = this.#waiting;
    const { waiting: most, waitingCost } = this.#share;
    return operations === 0 || (operations < most && waiting + cost <= waitingCost);
  }

  begin({ kind, cost }: Load): void {
    this.#running[kind] += 1;
    this.#running.cost += cost;
  }

  end({ kind, cost }: Load): void {
    this.#running[kind] -= 1;
    this.#running.cost -= cost;
  }

  wait({ cost }: Load, operations: 1 | -1): void {
    this.#waiting.operations += operations;
    this.#waiting.cost += operations * cost;
  }
}

/** One operation, and every holder whose share it uses. */
class Place {
  readonly load: Load;
  readonly account: Holding;
  readonly holdings: readonly Holding[];
  #begin: (() => void) | undefined;

  constructor(load: Load, account: Holding, holdings: readonly Holding[]) {
    this.load = load;
    this.account = account;
    this.holdings = holdings;
  }

  get isLarge(): boolean {
    return this.load.kind === "queries" && this.load.cost >= largeCost;
  }

  fits(): boolean {
    if (this.isLarge && this.account.holdsLargeBack) return false;
    return this.holdings.every((holding) => holding.fits(this.load));
  }

  wait(begin: () => void): void {
    this.#begin = begin;
    this.account.queue.add(this);
    for (const holding of this.holdings) holding.wait(this.load, 1);
  }

  stopWaiting(): void {
    this.account.queue.delete(this);
    for (const holding of this.holdings) holding.wait(this.load, -1);
  }

  start(): void {
    this.stopWaiting();
    this.#begin?.();
  }
}
