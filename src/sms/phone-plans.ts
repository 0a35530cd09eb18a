import { getCountries, getCountryCallingCode, Metadata, type CountryCode } from "libphonenumber-js/max";

/** What numbers of a country look like. */
interface MobileNumbers {
  country: CountryCode;
  /** Digits after the calling code that its mobile numbers have. */
  lengths: ReadonlySet<number>;
  /** What such numbers may begin with only by mistake, as the 0 in +421 0901. */
  prefix: RegExp | undefined;
}

/** Of the library's own class; not in its types. */
interface NumberingPlan {
  possibleLengths(): number[];
  nationalPrefixForParsing(): string | undefined;
  type(name: "MOBILE"): { possibleLengths(): number[] | undefined } | undefined;
}

function planOf(country: CountryCode): MobileNumbers {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  const plan = metadata.numberingPlan as unknown as NumberingPlan;
  const prefix = plan.nationalPrefixForParsing();
  return {
    country,
    lengths: new Set(plan.type("MOBILE")?.possibleLengths() ?? plan.possibleLengths()),
    prefix: prefix === undefined ? undefined : new RegExp(`^(?:${prefix})`),
  };
}

const plans = new Map<string, MobileNumbers>(getCountries().map((country) => [country, planOf(country)]));
const byCallingCode: ReadonlyMap<string, MobileNumbers[]> = Map.groupBy(plans.values(), ({ country }) =>
  getCountryCallingCode(country),
);

/** Calling codes that one country has for itself. */
const unshared = new Map(
  [...byCallingCode].flatMap(([code, [plan, ...others]]) =>
    plan && others.length === 0 ? [[code, plan]] : [],
  ),
);

/**
 * How many digits mobile numbers have after the calling code: of a country, else of any that has the calling code.
 * A range that was opened after the library's release has one of them.
 */
export function mobileLengths(callingCode: string, country: string | undefined): number[] {
  const own = country === undefined ? undefined : plans.get(country);
  const all = own ? [own] : (byCallingCode.get(callingCode) ?? []);
  return [...new Set(all.flatMap(({ lengths }) => [...lengths]))].toSorted((one, other) => one - other);
}

interface Respelling {
  written: RegExp;
  as: string;
}

/**
 * Spellings of one person's number, with that under which all networks reach it: Brazil's ninth digit (2016), Mexico's 1
 * (gone since 2020) and its 044 and 045, Argentina's 9 of mobile numbers, Benin's 01 (2024). By calling code.
 */
const respellings: Readonly<Record<string, Respelling>> = {
  "52": { written: /^(?:1|0?4[45]1?)(\d{10})$/, as: "$1" },
  "54": { written: /^([^9]\d{9})$/, as: "9$1" },
  "55": { written: /^(\d{2})([6-9]\d{7})$/, as: "$19$2" },
  "229": { written: /^(\d{8})$/, as: "01$1" },
};

/** The one spelling of a national number. */
export function respell(callingCode: string, national: string): string {
  const respelling = respellings[callingCode];
  return respelling ? national.replace(respelling.written, respelling.as) : national;
}

const plain = /^\+[1-9]\d{6,14}$/;

/**
 * The country of a number that is in E.164 already, has the right length, and whose calling code belongs to one
 * country alone: most numbers of a campaign are such, and the library takes ten times as long to say the same.
 * Undefined for every other number, also for those that are perfectly good.
 */
export function countryOfPlain(number: string): string | undefined {
  if (!plain.test(number)) return undefined;
  // No calling code begins with another, and those of one digit are shared.
  for (const digits of [2, 3]) {
    const callingCode = number.slice(1, 1 + digits);
    const plan = unshared.get(callingCode);
    if (!plan) continue;
    const national = number.slice(1 + digits);
    const isUsual = plan.prefix?.test(national) !== true && respell(callingCode, national) === national;
    return plan.lengths.has(national.length) && isUsual ? plan.country : undefined;
  }
  return undefined;
}
