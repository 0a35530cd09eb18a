import { hash } from "node:crypto";

/** Decisions that repeat: the same seed gives the same ones, in the same order. */
export interface Chance {
  /** From 0 up to, but not including, 1. */
  next(): number;
  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number;
  /** True for this share of all calls. */
  is(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  shuffled<Item>(items: readonly Item[]): Item[];
}

/**
 * A source of decisions of its own for everyone who decides (`name`): those who decide at the same time do not
 * disturb each other.
 */
export function createChance(seed: number, name: string): Chance {
  let draws = 0;
  const next = (): number =>
    Number.parseInt(hash("sha256", `${seed} ${name} ${draws++}`).slice(0, 12), 16) / 2 ** 48;
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    is: (share) => next() < share,
    pick<Item>(items: readonly Item[]): Item {
      if (items.length === 0) throw new Error("There is nothing to pick from");
      return items[below(items.length)] as Item;
    },
    shuffled: (items) =>
      items
        .map((item) => ({ item, place: next() }))
        .toSorted((one, other) => one.place - other.place)
        .map(({ item }) => item),
  };
}
