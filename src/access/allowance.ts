import { TooManySubscriptionsError } from "../lib/errors.ts";
import type { Viewer } from "./api-keys.ts";

/** How much may be open at once in one process. */
export interface SubscriptionLimits {
  subscriptionsPerSocket: number;
  subscriptionsPerAccount: number;
  socketsPerAccount: number;
}

export const defaultSubscriptionLimits: SubscriptionLimits = {
  subscriptionsPerSocket: 1_000,
  subscriptionsPerAccount: 20_000,
  socketsPerAccount: 20_000,
};

/**
 * The account whose limit counts. All anonymous callers share one. Watch tokens of an account have a limit
 * separate from its keys: visitors of a page with a token must not be able to lock the keys out.
 */
export function holderOf(viewer: Viewer | undefined): string {
  if (!viewer) return "anonymous";
  return viewer.watches ? `${viewer.accountId} watch tokens` : viewer.accountId;
}

/** Counts open sockets and subscriptions, and refuses new ones over the limit. Open ones are never closed. */
export class Allowance {
  readonly #limits: SubscriptionLimits;
  readonly #sockets = new Places<string>();
  readonly #ofSocket = new Places<object>();
  readonly #ofAccount = new Places<string>();

  constructor(limits: SubscriptionLimits) {
    this.#limits = limits;
  }

  /** Returns how to give the place back; undefined when there are too many. */
  takeSocket(viewer: Viewer | undefined): (() => void) | undefined {
    return this.#sockets.take(holderOf(viewer), this.#limits.socketsPerAccount);
  }

  /** Returns how to give the place back. `socket` is absent over SSE. @throws TooManySubscriptionsError */
  takeSubscription(viewer: Viewer | undefined, socket?: object): () => void {
    const { subscriptionsPerSocket, subscriptionsPerAccount } = this.#limits;
    const leaveSocket = socket && this.#ofSocket.take(socket, subscriptionsPerSocket);
    if (socket && !leaveSocket) throw new TooManySubscriptionsError("SOCKET", subscriptionsPerSocket);
    const leaveAccount = this.#ofAccount.take(holderOf(viewer), subscriptionsPerAccount);
    if (!leaveAccount) {
      leaveSocket?.();
      throw new TooManySubscriptionsError("ACCOUNT", subscriptionsPerAccount);
    }
    return () => {
      leaveSocket?.();
      leaveAccount();
    };
  }
}

class Places<Holder> {
  readonly #taken = new Map<Holder, number>();

  take(holder: Holder, limit: number): (() => void) | undefined {
    const taken = this.#taken.get(holder) ?? 0;
    if (taken >= limit) return undefined;
    this.#taken.set(holder, taken + 1);
    let left = false;
    return () => {
      if (!left) this.#leave(holder);
      left = true;
    };
  }

  #leave(holder: Holder): void {
    const taken = this.#taken.get(holder) ?? 0;
    if (taken > 1) this.#taken.set(holder, taken - 1);
    else this.#taken.delete(holder);
  }
}
