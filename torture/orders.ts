import type { Provider } from "./providers.ts";
import type { Chance } from "./chance.ts";

/** One message that somebody wants sent. Nobody else's has its recipient. */
export interface Order {
  /** Digits only. */
  to: string;
  /** Where it must go; absent: it is routed. */
  kind: string | undefined;
  /** Whether the recipient may get it twice. */
  mayBeTwice: boolean;
  /** Its place among campaigns; absent: it is a single one. */
  campaign: number | undefined;
}

const prefixes = [901, 902, 903, 904, 905, 906, 907, 908, 910, 911, 912, 914, 915, 916, 917, 918, 919];

/** Scenarios that hold up everything else at their provider, and for how many messages there is one of them. */
const holdingUp: Readonly<Record<string, readonly string[]>> = { QIKLI: ["044"], TONKRA: ["033"] };
const rareness = 400;

/** Draws recipients: each number once, and its last three digits choose what its provider does with it. */
export class Recipients {
  readonly #chance: Chance;
  readonly #drawn = new Map<string, number>();
  readonly #scenarios: ReadonlyMap<string, readonly string[]>;
  readonly #strangeShare: number;

  constructor(chance: Chance, providers: readonly Provider[], strangeShare: number) {
    this.#chance = chance;
    this.#strangeShare = strangeShare;
    this.#scenarios = new Map(
      providers.map(({ twin: { kind, scenarios } }) => [kind, scenarios.map(({ suffix }) => suffix)]),
    );
  }

  draw(kind: string | undefined): string {
    const suffix = this.#suffix(kind ?? this.#chance.pick([...this.#scenarios.keys()]));
    const count = this.#drawn.get(suffix) ?? 0;
    this.#drawn.set(suffix, count + 1);
    const prefix = prefixes[Math.floor(count / 1000)];
    if (prefix === undefined) throw new Error("There are no more numbers for so many messages");
    return `421${prefix}${String(count % 1000).padStart(3, "0")}${suffix}`;
  }

  #suffix(kind: string): string {
    if (!this.#chance.is(this.#strangeShare)) return "000";
    const suffix = this.#chance.pick(this.#scenarios.get(kind) ?? []);
    const isTolerable = !holdingUp[kind]?.includes(suffix) || this.#chance.is(1 / rareness);
    return isTolerable ? suffix : "000";
  }
}
