import { hash } from "node:crypto";

/** A repeatable random generator: the same seed gives the same values in the same order. */
export interface Random {
  /** A version 4 UUID. */
  uuid(): string;
  /** A number from 0 up to, but not including, 1. */
  fraction(): number;
}

export function createRandom(seed: string): Random {
  let draws = 0;
  const draw = () => hash("sha256", `${seed}:${draws++}`);

  return {
    uuid() {
      const digits = draw();
      const variant = "89ab"[Number.parseInt(digits.charAt(16), 16) % 4];
      return [
        digits.slice(0, 8),
        digits.slice(8, 12),
        `4${digits.slice(13, 16)}`,
        `${variant}${digits.slice(17, 20)}`,
        digits.slice(20, 32),
      ].join("-");
    },
    fraction: () => Number.parseInt(draw().slice(0, 12), 16) / 2 ** 48,
  };
}
