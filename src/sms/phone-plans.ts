import { getCountries, getCountryCallingCode, Metadata, type CountryCode } from "libphonenumber-js/max";

/** What numbers of a calling code look like that one country has for itself. */
interface Plan {
  country: CountryCode;
  /** Digits after the calling code. */
  lengths: ReadonlySet<number>;
  /** What such numbers may begin with only by mistake, as the 0 in +421 0901. */
  prefix: RegExp | undefined;
}

/** Of the library's own class; not in its types. */
interface NumberingPlan {
  possibleLengths(): number[];
  nationalPrefixForParsing(): string | undefined;
}

function planOf(country: CountryCode): Plan {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  const plan = metadata.numberingPlan as unknown as NumberingPlan;
  const prefix = plan.nationalPrefixForParsing();
  return {
    country,
    lengths: new Set(plan.possibleLengths()),
    prefix: prefix === undefined ? undefined : new RegExp(`^(?:${prefix})`),
  };
}

const plans = new Map<string, Plan>();
for (const [callingCode, countries] of Map.groupBy(getCountries(), (code) => getCountryCallingCode(code))) {
  const [country] = countries;
  if (country && countries.length === 1) plans.set(callingCode, planOf(country));
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
    const plan = plans.get(number.slice(1, 1 + digits));
    if (!plan) continue;
    const national = number.slice(1 + digits);
    return plan.lengths.has(national.length) && plan.prefix?.test(national) !== true
      ? plan.country
      : undefined;
  }
  return undefined;
}
