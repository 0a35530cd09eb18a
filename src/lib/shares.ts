/**
 * Places that several owners share. One owner has at most half of them, or what is given. Work of which nothing good is known
 * has half of them at most, and that of one owner a quarter: nobody can hold all by not answering.
 */
export class Shares {
  readonly #places: number;
  readonly #ofOne: number;
  readonly #taken = new Map<string, number>();

  constructor(places: number, { ofOne = 1 / 2 } = {}) {
    this.#places = places;
    this.#ofOne = ofOne;
  }

  /** How many more places the owner may take now. */
  left(owner: string, isWell: boolean): number {
    return Math.min(...this.#keysOf(owner, isWell).map(([key, share]) => this.#limit(share) - this.#of(key)));
  }

  /** How many places the owner has. */
  held(owner: string): number {
    return this.#of(keyOf(owner));
  }

  /** Who has places. */
  get owners(): string[] {
    return [...this.#taken.keys()].flatMap((key) =>
      key.startsWith(ofOwner) ? [key.slice(ofOwner.length)] : [],
    );
  }

  /** Takes places, or gives them back when `count` is negative. */
  take(owner: string, isWell: boolean, count: number): void {
    for (const [key] of this.#keysOf(owner, isWell)) {
      const taken = this.#of(key) + count;
      if (taken === 0) this.#taken.delete(key);
      else this.#taken.set(key, taken);
    }
  }

  #keysOf(owner: string, isWell: boolean): [key: string, share: number][] {
    const both: [string, number][] = [
      ["all", 1],
      [keyOf(owner), this.#ofOne],
    ];
    if (isWell) return both;
    return [...both, ["unwell", 1 / 2], [`unwell of ${owner}`, 1 / 4]];
  }

  #limit(share: number): number {
    return Math.ceil(this.#places * share);
  }

  #of(key: string): number {
    return this.#taken.get(key) ?? 0;
  }
}

const ofOwner = "of ";
const keyOf = (owner: string): string => ofOwner + owner;
