import { TooManyRequestsError, type ShareHolder } from "../lib/errors.ts";

/** How many bytes of bodies one key (or provider) and one account may have in this process. */
export interface HeldLimits {
  key: number;
  account: number;
}

const megabyte = 1024 * 1024;

/** Two of the largest bodies of one key at once, and what else it sends. */
const usualLimits: HeldLimits = { key: 64 * megabyte, account: 128 * megabyte };

/** So much of a body is not counted: nearly all bodies are shorter. */
const freeBytes = 16 * 1024;

const retryAfterSeconds = 5;

interface Owner {
  /** Whose body it is: a key, or a provider. */
  id: string;
  accountId: string;
}

/** Counts the bodies that are being received or worked on, so that one caller cannot fill the memory with them. */
export class HeldBodies {
  readonly #limits: HeldLimits;
  readonly #held = new Map<string, number>();

  constructor(limits = usualLimits) {
    this.#limits = limits;
  }

  /** For one body. */
  open({ id, accountId }: Owner): HeldBody {
    const { key, account } = this.#limits;
    return new HeldBody(this.#held, [
      { name: `key ${id}`, scope: "KEY", limit: key },
      { name: `account ${accountId}`, scope: "ACCOUNT", limit: account },
    ]);
  }
}

interface Holder {
  name: string;
  scope: ShareHolder;
  limit: number;
}

/** What is held of one body. */
export class HeldBody {
  readonly #held: Map<string, number>;
  readonly #holders: readonly Holder[];
  #bytes = 0;
  #counted = 0;

  constructor(held: Map<string, number>, holders: readonly Holder[]) {
    this.#held = held;
    this.#holders = holders;
  }

  /** Call before so many more bytes are kept. @throws TooManyRequestsError */
  grow(bytes: number): void {
    this.#bytes += bytes;
    const more = Math.max(0, this.#bytes - freeBytes) - this.#counted;
    if (more === 0) return;
    const full = this.#holders.find(({ name, limit }) => (this.#held.get(name) ?? 0) + more > limit);
    if (full) throw new TooManyRequestsError(full.scope, retryAfterSeconds);
    this.#count(more);
  }

  /** Call when nothing of it is kept any more; it may grow again. */
  release(): void {
    this.#bytes = 0;
    if (this.#counted === 0) return;
    this.#count(-this.#counted);
  }

  #count(more: number): void {
    this.#counted += more;
    for (const { name } of this.#holders) {
      const held = (this.#held.get(name) ?? 0) + more;
      if (held > 0) this.#held.set(name, held);
      else this.#held.delete(name);
    }
  }
}
