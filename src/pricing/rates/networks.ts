import list, { type Operator } from "mcc-mnc-list";

/**
 * Mobile country and network codes, with the countries and names that belong to them (`mcc-mnc-list`). A network
 * code counts as a number: providers write the same network as `25501` and as `255001`.
 */

/** A mobile country code, and a network of it where there is one. */
export interface Network {
  /** Three digits. */
  mcc: string;
  /** One to three digits; null for the whole of the country code. */
  mnc: string | null;
}

const inUse = (operator: Operator): number => Number(operator.status === "Operational");

/** A few entries cover several countries (`BL/GF/GP/MF/MQ`), or a part of one (`GE-AB`). */
const countriesOfEntry = ({ countryCode }: Operator): string[] =>
  (countryCode ?? "").split("/").flatMap((code) => /^[A-Z]{2}/.exec(code)?.[0] ?? []);

const operators = list
  .all()
  .filter(({ mcc, mnc }) => /^\d{3}$/.test(mcc ?? "") && /^\d{1,3}$/.test(mnc ?? ""));

/** The entries of each country code, those in use first. */
const byMcc = Map.groupBy(
  operators.toSorted((one, other) => inUse(other) - inUse(one)),
  ({ mcc }) => mcc,
);
const byNetwork = new Map<string, Operator>();
const mccsByCountry = new Map<string, Set<string>>();
const names = new Map<string, string>();

for (const operator of [...byMcc.values()].flat()) {
  const key = networkKey(operator);
  if (!byNetwork.has(key)) byNetwork.set(key, operator);
  const countries = countriesOfEntry(operator);
  for (const country of countries) {
    const mccs = mccsByCountry.get(country) ?? new Set();
    mccsByCountry.set(country, mccs.add(operator.mcc));
    const isOwn = operator.countryCode === country;
    if (isOwn || !names.has(country)) names.set(country, operator.countryName);
  }
}

/** The country that most networks of a country code belong to: 255 is Ukraine's, whatever else uses it. */
const mainCountries = new Map(
  [...byMcc].map(([mcc, entries]) => {
    const counts = new Map<string, number>();
    for (const country of entries.flatMap(countriesOfEntry))
      counts.set(country, (counts.get(country) ?? 0) + 1);
    const [main] = [...counts].toSorted(([, one], [, other]) => other - one);
    return [mcc, main?.[0]] as const;
  }),
);

const codesByName = new Map([...names].map(([code, name]) => [name.toLowerCase(), code]));

/** One text for one network, however its code is padded. */
export function networkKey({ mcc, mnc }: Network): string {
  return mnc === null ? mcc : `${mcc}-${Number(mnc)}`;
}

/** Reads `255`, `25501` or `255001`; undefined for anything else. */
export function parseNetwork(mccmnc: string): Network | undefined {
  const [, mcc, mnc] = /^(\d{3})(\d{1,3})?$/.exec(mccmnc.trim()) ?? [];
  return mcc === undefined ? undefined : { mcc, mnc: mnc ?? null };
}

/** The network code as it is usually written; an unknown one stays as it is. */
export function usualNetwork({ mcc, mnc }: Network): Network {
  return { mcc, mnc: mnc === null ? null : (byNetwork.get(networkKey({ mcc, mnc }))?.mnc ?? mnc) };
}

/**
 * The country of a network, else the one that most networks of its country code belong to. Undefined where several
 * countries share it, as the French Antilles do.
 */
export function countryOf(network: Network): string | undefined {
  const entry = network.mnc === null ? undefined : byNetwork.get(networkKey(network));
  const countries = entry ? countriesOfEntry(entry) : [];
  return countries.length > 0 ? onlyOne(countries) : mainCountries.get(network.mcc);
}

const onlyOne = <Value>(values: readonly Value[]): Value | undefined =>
  values.length === 1 ? values[0] : undefined;

/** The country codes that are used in a country (ISO 3166-1 alpha-2). */
export function mccsOf(country: string): string[] {
  return [...(mccsByCountry.get(country) ?? [])].toSorted();
}

export const isCountry = (code: string): boolean => names.has(code);

/** Reads a country: its ISO 3166-1 alpha-2 code or its English name, in any case. */
export function parseCountry(text: string): string | undefined {
  const code = text.trim().toUpperCase();
  return isCountry(code) ? code : codesByName.get(text.trim().toLowerCase());
}

export const countryName = (code: string): string | undefined => names.get(code);

/** The name under which people know the network; undefined for a whole country, or an unknown network. */
export function networkName(network: Network): string | undefined {
  const entry = network.mnc === null ? undefined : byNetwork.get(networkKey(network));
  return entry?.brand || entry?.operator || undefined;
}
