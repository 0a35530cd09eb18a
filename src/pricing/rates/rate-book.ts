import type { Clock } from "../../lib/clock.ts";
import type { Database, Statement } from "../../database/database.ts";
import type { Listener } from "../../database/listener.ts";
import { compare, type DecimalText } from "../../lib/money.ts";
import { countryOf, isUsedIn, mccsOf, networkKey, parseNetwork, type Network } from "./networks.ts";

/** The rate that applies to a message. */
export interface AppliedRate {
  rateId: string;
  /** Price of one segment. */
  price: DecimalText;
  currency: string;
  /** The codes of the rate. A country code alone means a rate for the whole country. */
  mccmnc: string | null;
}

/** Where a message goes. The network is set only when it is known. */
interface Destination {
  /** ISO 3166-1 alpha-2; null when unknown. */
  country: string | null;
  mccmnc?: string | null;
}

/** All rates of one account in memory, so that look-ups need no statement. */
export interface RateBook {
  /**
   * Returns undefined when the provider has no rate for the destination at that time. A known network has its
   * own rate or that of its country code. Otherwise the highest rate counts, among those of the country's
   * codes and of its networks whose code has no rate as a whole: so an estimate is never below the charge.
   * `at` must be at most a month ago.
   */
  find(providerId: string, destination: Destination, at: Date): AppliedRate | undefined;
  /** When the next rate begins or ends after that time, in milliseconds; Infinity when none does. */
  nextChangeAfter(at: Date): number;
}

/** A rate as stored. */
export interface KnownRate extends Network {
  id: string;
  providerId: string;
  country: string | null;
  price: DecimalText;
  currency: string;
  validFrom: Date;
  validUntil: Date | null;
}

/** Channel of the notifications that rates have changed. */
export const rateChannel = "smsgraph_rates";

const read: Statement = {
  name: "read_rate_book",
  text: `
    select id, provider_id as "providerId", mcc, mnc, country, trim_scale(price)::text as price, currency, valid_from as "validFrom",
      valid_until as "validUntil"
    from rates
    where account_id = $1 and (valid_until is null or valid_until > $2::timestamptz - interval '31 days')
    order by provider_id, valid_from, id`,
};

/** The rate books of all accounts, each read on first use and kept until its rates change. */
export class RateBooks {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #books = new Map<string, Promise<RateBook>>();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Listens for changes in any process and drops the cached rate books. */
  async watch(listener: Listener): Promise<void> {
    await listener.on(rateChannel, () => this.#books.clear());
  }

  /** Call after changing rates: this process then reads them again without waiting for the notification. */
  changed(accountId: string): void {
    this.#books.delete(accountId);
  }

  of(accountId: string): Promise<RateBook> {
    const known = this.#books.get(accountId);
    if (known) return known;
    const reading = this.#read(accountId);
    this.#books.set(accountId, reading);
    reading.catch(() => void (this.#books.get(accountId) === reading && this.#books.delete(accountId)));
    return reading;
  }

  async #read(accountId: string): Promise<RateBook> {
    return createRateBook(await this.#database.query<KnownRate>(read, [accountId, this.#clock.now()]));
  }
}

/** A look-up result and the time during which it holds. */
interface CachedRate {
  from: number;
  until: number;
  rate: AppliedRate | undefined;
}

export function createRateBook(rates: readonly KnownRate[]): RateBook {
  const byProvider = new Map<string, ProviderRates>();
  for (const [providerId, ofProvider] of Map.groupBy(rates, (rate) => rate.providerId))
    byProvider.set(providerId, new ProviderRates(ofProvider));
  let span = { from: Infinity, until: Infinity };
  return {
    find: (providerId, destination, at) => byProvider.get(providerId)?.find(destination, at),
    nextChangeAfter(at) {
      const time = at.getTime();
      if (time < span.from || time >= span.until) span = spanAround(rates, time);
      return span.until;
    },
  };
}

/** The rates of one provider. */
class ProviderRates {
  readonly #byNetwork: Map<string, KnownRate[]>;
  readonly #byCountry: Map<string | null, KnownRate[]>;
  readonly #byMcc: Map<string, KnownRate[]>;
  /** Most messages go to few destinations, so each look-up is cached while its rate holds. */
  readonly #cached = new Map<string, CachedRate>();

  constructor(rates: readonly KnownRate[]) {
    this.#byNetwork = Map.groupBy(rates, networkKey);
    this.#byCountry = Map.groupBy(rates, ({ country }) => country);
    this.#byMcc = Map.groupBy(rates, ({ mcc }) => mcc);
  }

  find({ country, mccmnc = null }: Destination, at: Date): AppliedRate | undefined {
    const key = `${country ?? ""} ${mccmnc ?? ""}`;
    const known = this.#cached.get(key);
    const time = at.getTime();
    if (known && known.from <= time && time < known.until) return known.rate;
    const found = this.#look(country, mccmnc === null ? undefined : parseNetwork(mccmnc), time);
    this.#cached.set(key, found);
    return found.rate;
  }

  #look(country: string | null, network: Network | undefined, time: number): CachedRate {
    const groups = [...this.#ofNetwork(network, country), ...this.#ofCountry(country)];
    const found = groups.map((group) => highest(valid(group, time))).find((rate) => rate !== undefined);
    return { ...spanAround(groups.flat(), time), rate: found && applied(found) };
  }

  /**
   * The network's own rate, then the rates of its country code: first those of the country, then those that
   * other countries have for the same code.
   */
  #ofNetwork(network: Network | undefined, country: string | null): KnownRate[][] {
    if (!network) return [];
    const whole = this.#byNetwork.get(network.mcc) ?? [];
    const exact = network.mnc === null ? [] : (this.#byNetwork.get(networkKey(network)) ?? []);
    const home = country ?? countryOf(network);
    return [exact, whole.filter((rate) => rate.country === home), whole];
  }

  /** The country's own rates; if there are none, those that other countries have for the same codes. */
  #ofCountry(country: string | null): KnownRate[][] {
    if (country === null) return [];
    const inUse = mccsOf(country).flatMap((mcc) => this.#byMcc.get(mcc) ?? []);
    const named = this.#byCountry.get(country) ?? [];
    const ofCountry = [...named, ...inUse.filter((rate) => rate.country !== country && isOwn(rate, country))];
    return [withoutCovered(ofCountry), ...partsOf(inUse)];
  }
}

/** Whether a rate stored under another country, or none, applies to this country as well. */
function isOwn(rate: KnownRate, country: string): boolean {
  if (rate.mnc === null) return rate.country === null;
  return isUsedIn(rate, country) && (rate.country === null || isUsedIn(rate, rate.country));
}

/**
 * A rate for a whole country code covers its networks, so theirs are left out. Networks of other codes keep
 * their own rates.
 */
function withoutCovered(rates: readonly KnownRate[]): KnownRate[] {
  const wholes = new Set(rates.flatMap(({ mcc, mnc }) => (mnc === null ? mcc : [])));
  return rates.filter(({ mcc, mnc }) => mnc === null || !wholes.has(mcc));
}

const partsOf = (rates: readonly KnownRate[]): KnownRate[][] => [
  rates.filter(({ mnc }) => mnc === null),
  rates.filter(({ mnc }) => mnc !== null),
];

const valid = (rates: readonly KnownRate[], time: number): KnownRate[] =>
  rates.filter(
    ({ validFrom, validUntil }) =>
      validFrom.getTime() <= time && (validUntil === null || time < validUntil.getTime()),
  );

/**
 * The highest price. Prices in different currencies cannot be compared, so only those in the currency of the
 * newest rate count.
 */
function highest(rates: readonly KnownRate[]): KnownRate | undefined {
  const newest = rates.reduce<KnownRate | undefined>(
    (best, rate) => (best && best.validFrom > rate.validFrom ? best : rate),
    undefined,
  );
  return rates
    .filter(({ currency }) => currency === newest?.currency)
    .reduce<KnownRate | undefined>(
      (best, rate) => (best && compare(best.price, rate.price) >= 0 ? best : rate),
      undefined,
    );
}

/** The time between the last and the next moment at which a rate begins or ends. */
function spanAround(rates: readonly KnownRate[], time: number): Omit<CachedRate, "rate"> {
  const moments = rates.flatMap(({ validFrom, validUntil }) => [
    validFrom.getTime(),
    validUntil?.getTime() ?? Infinity,
  ]);
  return {
    from: moments.reduce((latest, one) => (one <= time && one > latest ? one : latest), -Infinity),
    until: moments.reduce((next, one) => (one > time && one < next ? one : next), Infinity),
  };
}

const applied = ({ id, price, currency, mcc, mnc }: KnownRate): AppliedRate => ({
  rateId: id,
  price,
  currency,
  mccmnc: mcc + (mnc ?? ""),
});
