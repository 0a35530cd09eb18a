import { isOwner, mccsOf, networkKey, parseNetwork } from "../rates/networks.ts";

/** How messages to some destinations are routed. */
export interface RoutingPolicy {
  /** ISO 3166-1 alpha-2. */
  countries: readonly string[];
  /** Mobile country codes, alone or with network codes; digits only. */
  mccs: readonly string[];
  /** Prefixes of the recipient's number in E.164, without `+`. */
  prefixes: readonly string[];
  /** The only providers allowed. */
  routes: readonly PolicyRoute[];
}

export interface PolicyRoute {
  providerId: string;
  /** Lower is preferred; null: the provider's own priority. */
  priority: number | null;
  /** Its share among weighted routes of the same priority. Null: no share; the cheapest route is taken. */
  weight: number | null;
}

/** Where a message goes; unknown parts are absent. */
export interface RoutedDestination {
  /** E.164. */
  to?: string | undefined;
  country: string | null;
  mccmnc?: string | null | undefined;
}

/**
 * Finds the policy for a destination: by the longest prefix, otherwise by network, by country, and finally
 * the general one.
 */
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

  /** The policy of the network, otherwise that of its country code. */
  #ofNetwork(mccmnc: string | null | undefined): RoutingPolicy | undefined {
    if (mccmnc == null || this.#byCode.size === 0) return undefined;
    return this.#byCode.get(keyOf(mccmnc)) ?? this.#byCode.get(mccmnc.slice(0, 3));
  }

  /**
   * A policy for a mobile country code also holds for each country that owns the code, since the network is
   * rarely known.
   */
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

/** Network codes are compared as numbers, as in rates. */
function keyOf(code: string): string {
  const network = parseNetwork(code);
  return network ? networkKey(network) : code;
}

/** A policy without conditions applies to every destination. */
const isGeneral = ({ countries, mccs, prefixes }: RoutingPolicy): boolean =>
  countries.length + mccs.length + prefixes.length === 0;

function putFirst(index: Map<string, RoutingPolicy>, key: string, policy: RoutingPolicy): void {
  if (!index.has(key)) index.set(key, policy);
}
