import { isOwner, mccsOf, networkKey, parseNetwork } from "../rates/networks.ts";

/** How messages to some destinations are routed. */
export interface RoutingPolicy {
  /** ISO 3166-1 alpha-2. */
  countries: readonly string[];
  /** Mobile country codes, or country and network codes together; digits only. */
  mccs: readonly string[];
  /** Beginnings of the recipient's number in E.164, without `+`. */
  prefixes: readonly string[];
  /** The providers that may be taken, and no others. */
  routes: readonly PolicyRoute[];
}

export interface PolicyRoute {
  providerId: string;
  /** Lower is preferred; null for the provider's own. */
  priority: number | null;
  /** Its share among the weighted routes of the same priority; null for none: the cheapest is taken. */
  weight: number | null;
}

/** Where a message goes, as far as it is known. */
export interface RoutedDestination {
  /** E.164. */
  to?: string | undefined;
  country: string | null;
  mccmnc?: string | null | undefined;
}

/** Finds the policy for a destination: that of the longest prefix, else of the network, the country, or of all. */
export class PolicyIndex {
  readonly #byPrefix = new Map<string, RoutingPolicy>();
  readonly #prefixLengths: number[];
  readonly #byCode = new Map<string, RoutingPolicy>();
  readonly #byCountry = new Map<string, RoutingPolicy>();
  readonly #general: RoutingPolicy | undefined;

  constructor(policies: readonly RoutingPolicy[]) {
    for (const policy of policies) {
      for (const prefix of policy.prefixes) putFirst(this.#byPrefix, prefix, policy);
      for (const code of policy.mccs) putFirst(this.#byCode, keyOf(code), policy);
      for (const country of policy.countries) putFirst(this.#byCountry, country, policy);
      if (isGeneral(policy)) this.#general ??= policy;
    }
    this.#prefixLengths = [...new Set([...this.#byPrefix.keys()].map(({ length }) => length))];
    this.#prefixLengths.sort((one, other) => other - one);
  }

  find({ to = "", country, mccmnc }: RoutedDestination): RoutingPolicy | undefined {
    return this.#ofPrefix(to) ?? this.#ofNetwork(mccmnc) ?? this.#ofCountry(country) ?? this.#general;
  }

  #ofPrefix(to: string): RoutingPolicy | undefined {
    for (const length of this.#prefixLengths) {
      const policy = this.#byPrefix.get(to.slice(1, length + 1));
      if (policy) return policy;
    }
    return undefined;
  }

  /** A network with its own policy, else the policy of its country code. */
  #ofNetwork(mccmnc: string | null | undefined): RoutingPolicy | undefined {
    if (mccmnc == null || this.#byCode.size === 0) return undefined;
    return this.#byCode.get(keyOf(mccmnc)) ?? this.#byCode.get(mccmnc.slice(0, 3));
  }

  /** A policy of a country code holds for each country that it belongs to, since the network is rarely known. */
  #ofCountry(country: string | null): RoutingPolicy | undefined {
    if (country === null) return undefined;
    const named = this.#byCountry.get(country);
    if (named || this.#byCode.size === 0) return named;
    for (const mcc of mccsOf(country)) {
      const policy = this.#byCode.get(mcc);
      if (policy && isOwner(country, mcc)) return policy;
    }
    return undefined;
  }
}

/** A network code counts as a number, as it does for rates. */
function keyOf(code: string): string {
  const network = parseNetwork(code);
  return network ? networkKey(network) : code;
}

/** Without a condition a policy is for every destination. */
const isGeneral = ({ countries, mccs, prefixes }: RoutingPolicy): boolean =>
  countries.length + mccs.length + prefixes.length === 0;

function putFirst(index: Map<string, RoutingPolicy>, key: string, policy: RoutingPolicy): void {
  if (!index.has(key)) index.set(key, policy);
}
