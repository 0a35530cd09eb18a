/** Values that are there at once, come later, are missing, fail at once, or fail later. */
const ways = ["now", "now", "now", "later", "missing", "fails", "fails later"] as const;

/** Objects for the schema of the test, the same for the same seed. */
export class RandomTree {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  root(): Record<string, unknown> {
    return {
      branch: this.#value(this.#branch),
      branches: this.#value(() => this.#many(this.#branch)),
      some: this.#value(() => this.#many(this.#branch)),
      leaf: this.#value(this.#leaf),
      any: this.#value(this.#branch),
      stream: this.#value(() => streamed(this.#many(this.#leaf))),
    };
  }

  readonly #branch = (): object => ({
    __typename: "Branch",
    name: this.#value(() => "branch"),
    one: this.#value(this.#leaf),
    must: this.#value(this.#leaf),
    all: this.#value(() => this.#many(this.#leaf)),
    some: this.#value(() => this.#many(this.#leaf)),
    any: this.#value(() => this.#many(this.#leaf)),
    named: this.#value(this.#leaf),
    table: this.#value(() => this.#many(() => this.#many(() => this.#below(9)))),
  });

  readonly #leaf = (): object => ({
    __typename: "Leaf",
    name: this.#value(() => `leaf ${this.#below(9)}`),
    size: this.#value(() => [1, 2, "no number"][this.#below(3)]),
    sized: ({ by, on }: { by: number; on?: { at: number } }) => by * 10 + (on?.at ?? 0),
    kind: this.#value(() => ["OAK", "ASH", "BIRCH"][this.#below(3)]),
  });

  /** A function, as far as it does not stand in a list: the default resolver calls it. */
  #value(make: () => unknown): unknown {
    const way = ways[this.#below(ways.length)];
    if (way === "missing") return null;
    if (way === "fails") return new Error("fails");
    if (way === "fails later") return async () => Promise.reject(new Error("fails later"));
    const made = make();
    return way === "later" ? async () => Promise.resolve(made) : made;
  }

  #many(make: () => unknown): unknown[] {
    return Array.from({ length: this.#below(4) }, () => {
      const value = this.#value(make);
      if (typeof value !== "function") return value;
      const later = (value as () => Promise<unknown>)();
      // Nobody may ever look at it.
      later.catch(() => undefined);
      return later;
    });
  }

  /** A linear congruential generator. */
  #below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 1;
    return (this.#state >> 8) % limit;
  }
}

async function* streamed(values: unknown[]): AsyncGenerator {
  for (const value of values) yield value;
}
