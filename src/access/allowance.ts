import { TooManySubscriptionsError } from "../errors.ts";

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

/** Those who have not said who they are share one account's worth of sockets. */
const anonymous = "anonymous";

/** Counts what is open, and refuses what would be too much. What is open already is never touched. */
export class Allowance {
  readonly #limits: SubscriptionLimits;
  readonly #sockets = new Places<string>();
  readonly #ofSocket = new Places<object>();
  readonly #ofAccount = new Places<string>();

  constructor(limits: SubscriptionLimits) {
    this.#limits = limits;
  }

  /** Undefined when there are too many; else how to give the place back. */
  takeSocket(accountId: string = anonymous): (() => void) | undefined {
    return this.#sockets.take(accountId, this.#limits.socketsPerAccount);
  }

  /** Returns how to give the place back. `socket` is absent over SSE. @throws TooManySubscriptionsError */
  takeSubscription(accountId: string = anonymous, socket?: object): () => void {
    const { subscriptionsPerSocket, subscriptionsPerAccount } = this.#limits;
    const leaveSocket = socket && this.#ofSocket.take(socket, subscriptionsPerSocket);
    if (socket && !leaveSocket) throw new TooManySubscriptionsError("SOCKET", subscriptionsPerSocket);
    const leaveAccount = this.#ofAccount.take(accountId, subscriptionsPerAccount);
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
