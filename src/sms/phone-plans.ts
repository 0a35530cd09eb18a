import { getCountries, getCountryCallingCode, Metadata, type CountryCode } from "libphonenumber-js/max";

/** What mobile numbers of a country look like. */
interface MobileNumbers {
  country: CountryCode;
  /** Possible numbers of digits after the calling code. */
  lengths: ReadonlySet<number>;
  /** What they look like, as far as the library knows. */
  known: RegExp;
  /** A prefix that is there only by mistake, such as the 0 in +421 0901. */
  prefix: RegExp | undefined;
}

/** Members of the library's class that its types leave out. */
interface NumberingPlan {
  possibleLengths(): number[];
  nationalPrefixForParsing(): string | undefined;
  type(name: "MOBILE"): { possibleLengths(): number[] | undefined; pattern(): string } | undefined;
}

function planOf(country: CountryCode): MobileNumbers {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  const plan = metadata.numberingPlan as unknown as NumberingPlan;
  const prefix = plan.nationalPrefixForParsing();
  const mobile = plan.type("MOBILE");
  return {
    country,
    lengths: new Set(mobile?.possibleLengths() ?? plan.possibleLengths()),
    known: new RegExp(`^(?:${mobile?.pattern() ?? "(?!)"})$`),
    prefix: prefix === undefined ? undefined : new RegExp(`^(?:${prefix})`),
  };
}

const plans = new Map<string, MobileNumbers>(getCountries().map((country) => [country, planOf(country)]));
const byCallingCode: ReadonlyMap<string, MobileNumbers[]> = Map.groupBy(plans.values(), ({ country }) =>
  getCountryCallingCode(country),
);

/** Calling codes that belong to one country alone. */
const unshared = new Map(
  [...byCallingCode].flatMap(([code, [plan, ...others]]) =>
    plan && others.length === 0 ? [[code, plan]] : [],
  ),
);

/**
 * How many digits mobile numbers have after the calling code: those of the country, or of every country with
 * that calling code where it is not known. Ranges opened after the library's release have one of these
 * lengths too.
 */
export function mobileLengths(callingCode: string, country: string | undefined): number[] {
  const countryPlan = country === undefined ? undefined : plans.get(country);
  const all = countryPlan ? [countryPlan] : (byCallingCode.get(callingCode) ?? []);
  return [...new Set(all.flatMap(({ lengths }) => [...lengths]))].toSorted((one, other) => one - other);
}

/** Whether a country has phone numbers of its own. */
export const hasNumbers = (country: string): country is CountryCode => plans.has(country);

/** The calling code of a country; undefined for one without phone numbers. */
export const callingCodeOf = (country: string): string | undefined =>
  hasNumbers(country) ? getCountryCallingCode(country) : undefined;

/** Whether numbers of the country are written with a prefix in it, such as a 0. */
export const hasTrunkPrefix = (country: string): boolean => plans.get(country)?.prefix !== undefined;

interface Respelling {
  written: RegExp;
  as: string;
}

/**
 * Spellings of one number, with the one under which all networks reach it, by calling code: Brazil's ninth
 * digit (2016), Mexico's 1 (gone since 2020) and its 01, 044 and 045, Argentina's 9 of mobile numbers and its 15, Benin's 01
 * (2024).
 */
const respellings: Readonly<Record<string, readonly Respelling[]>> = {
  "52": [{ written: /^(?:1|01|0?4[45]1?)(\d{10})$/, as: "$1" }],
  "54": [
    { written: /^((?:11|[23]\d)\d{8})$/, as: "9$1" },
    {
      written: /^90?(?:(11)15(\d{8})|([23]\d\d)15(\d{7})|([23]\d{3})15(\d{6}))$/,
      as: "9$1$2$3$4$5$6",
    },
  ],
  "55": [{ written: /^(\d{2})([6-9]\d{7})$/, as: "$19$2" }],
  "229": [{ written: /^(\d{8})$/, as: "01$1" }],
};

/** The spelling of a national number under which all networks reach it. */
export function respell(callingCode: string, national: string): string {
  const respelling = respellings[callingCode]?.find(({ written }) => written.test(national));
  return respelling ? national.replace(respelling.written, respelling.as) : national;
}

const plain = /^\+[1-9]\d{6,14}$/;

/**
 * The country of a mobile number that is already in E.164, and whose calling code belongs to one country
 * alone. Most numbers of a campaign are like this, and the library takes ten times as long for
 * the same answer. Undefined for every other number, even a good one.
 */
export function countryOfPlain(number: string): string | undefined {
  if (!plain.test(number)) return undefined;
  // No calling code is the beginning of another, and those of one digit are shared.
  for (const digits of [2, 3]) {
    const callingCode = number.slice(1, 1 + digits);
    const plan = unshared.get(callingCode);
    if (!plan) continue;
    const national = number.slice(1 + digits);
    const isUsual = plan.prefix?.test(national) !== true && respell(callingCode, national) === national;
    const isMobile = plan.lengths.has(national.length) && plan.known.test(national);
    return isMobile && isUsual ? plan.country : undefined;
  }
  return undefined;
}
