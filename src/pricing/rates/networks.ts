import list, { type Operator } from "mcc-mnc-list";

/**
 * Mobile country and network codes with their countries and names (from `mcc-mnc-list`). Network codes are
 * compared as numbers, since providers write the same network as `25501` and as `255001`. A code shared by
 * several countries belongs to each of them.
 */

/** A mobile country code, alone or with a network code. */
export interface Network {
  /** Three digits. */
  mcc: string;
  /** One to three digits; null for the whole country code. */
  mnc: string | null;
}

/** Countries missing from the list, and the codes their numbers use (ITU-T E.212 and its bulletins). */
const addedCodes: readonly (readonly [country: string, mcc: string])[] = [
  ["AC", "658"],
  ["AX", "244"],
  ["EH", "604"],
  ["IO", "995"],
  ["SJ", "242"],
  ["TA", "658"],
  ["VA", "222"],
];

/**
 * The networks of Palestine, which the list has under Israel's code for both countries, and Australia's code,
 * which it gives to the islands as well.
 */
const homes: Readonly<Record<string, string>> = { "425-5": "PS", "425-6": "PS", 505: "AU" };

const inUse = (operator: Operator): number => Number(operator.status === "Operational");

/** A few entries cover several countries (`BL/GF/GP/MF/MQ`) or a part of one (`GE-AB`). */
const countriesOfEntry = ({ countryCode }: Operator): string[] =>
  (countryCode ?? "").split("/").flatMap((code) => /^[A-Z]{2}/.exec(code)?.[0] ?? []);

const operators = list
  .all()
  .filter(({ mcc, mnc }) => /^\d{3}$/.test(mcc ?? "") && /^\d{1,3}$/.test(mnc ?? ""))
  .toSorted((one, other) => inUse(other) - inUse(one));

/** The list entries of each code and of each network; entries in use come first. */
const byMcc = Map.groupBy(operators, ({ mcc }) => mcc);
const byNetwork = Map.groupBy(operators, networkKey);

const mccsByCountry = new Map<string, Set<string>>();
for (const [country, mcc] of [...operators.flatMap(usesOf), ...addedCodes])
  mccsByCountry.set(country, (mccsByCountry.get(country) ?? new Set()).add(mcc));

function usesOf(operator: Operator): [country: string, mcc: string][] {
  return countriesOfEntry(operator).map((country) => [country, operator.mcc]);
}

/**
 * The countries that own a code: those with at least half as many networks as the country with the most, and
 * those without another code. So 255 is Ukraine's, although one network of Moldova uses it, and 340 belongs
 * to all of the French Antilles.
 */
const owners = new Map([...byMcc].map(([mcc, entries]) => [mcc, ownersAmong(mcc, entries)]));

function ownersAmong(mcc: string, entries: readonly Operator[]): { main: string[]; all: Set<string> } {
  const countries = [...Map.groupBy(entries.flatMap(countriesOfEntry), (country) => country)];
  const most = Math.max(0, ...countries.map(([, uses]) => uses.length));
  const main = countries.filter(([, uses]) => uses.length * 2 >= most).map(([country]) => country);
  const others = [...countries.map(([country]) => country), ...addedTo(mcc)];
  return { main, all: new Set([...main, ...others.filter((country) => mccsOf(country).length === 1)]) };
}

function addedTo(mcc: string): string[] {
  return addedCodes.flatMap(([country, code]) => (code === mcc ? country : []));
}

/** The same text for the same network, however its code is padded. */
export function networkKey({ mcc, mnc }: Network): string {
  return mnc === null ? mcc : `${mcc}-${Number(mnc)}`;
}

/** Reads `255`, `25501` or `255001`; undefined for anything else. */
export function parseNetwork(mccmnc: string): Network | undefined {
  const [, mcc, mnc] = /^(\d{3})(\d{1,3})?$/.exec(mccmnc.trim()) ?? [];
  return mcc === undefined ? undefined : { mcc, mnc: mnc ?? null };
}

/** The network code in its usual form; an unknown one is not changed. */
export function usualNetwork({ mcc, mnc }: Network): Network {
  return { mcc, mnc: mnc === null ? null : (entryOf({ mcc, mnc })?.mnc ?? mnc) };
}

const entryOf = (network: Network): Operator | undefined =>
  network.mnc === null ? undefined : byNetwork.get(networkKey(network))?.[0];

/**
 * The country of a network. If several countries use it, this is the main country of its code; undefined
 * where the code has no main country, as in the French Antilles.
 */
export function countryOf(network: Network): string | undefined {
  const main = owners.get(network.mcc)?.main ?? [];
  const used = network.mnc === null ? [] : usersOf(network);
  const home = homes[networkKey(network)] ?? homes[network.mcc];
  if (home !== undefined && (used.length === 0 || used.includes(home))) return home;
  if (used.length === 0) return onlyOne(main);
  return onlyOne(used) ?? onlyOne(used.filter((country) => main.includes(country)));
}

const onlyOne = <Value>(values: readonly Value[]): Value | undefined =>
  values.length === 1 ? values[0] : undefined;

/** The countries whose numbers may use a network; empty for an unknown network. */
const usersOf = (network: Network): string[] => [
  ...new Set((byNetwork.get(networkKey(network)) ?? []).flatMap(countriesOfEntry)),
];

/** Whether numbers of a country may use a network, or any network of a country code. */
export function isUsedIn(network: Network, country: string): boolean {
  if (network.mnc === null) return mccsByCountry.get(country)?.has(network.mcc) ?? false;
  const users = usersOf(network);
  return users.length === 0 ? countryOf(network) === country : users.includes(country);
}

/** Whether a mobile country code belongs to a country, alone or with others. */
export const isOwner = (country: string, mcc: string): boolean => owners.get(mcc)?.all.has(country) ?? false;

/** The mobile country codes used in a country (ISO 3166-1 alpha-2). */
export function mccsOf(country: string): string[] {
  return [...(mccsByCountry.get(country) ?? [])].toSorted();
}

/** The common name of a network; undefined for a whole country and for an unknown network. */
export function networkName(network: Network): string | undefined {
  const entry = entryOf(network);
  return entry?.brand || entry?.operator || undefined;
}
