import { getCountries } from "libphonenumber-js/max";

/**
 * The countries used for numbers, rates, policies and limits: ISO 3166-1 alpha-2 codes, and the reserved
 * codes of territories with phone numbers of their own (AC, TA, XK), under the names that people write.
 */

/** In ISO 3166-1, but without phone numbers of their own. */
const withoutNumbers = ["AQ", "BV", "GS", "HM", "PN", "TF", "UM"];

export const countryCodes: readonly string[] = [...getCountries(), ...withoutNumbers].toSorted();

const known = new Set(countryCodes);

export const isCountry = (code: string): boolean => known.has(code);

const longNames = new Intl.DisplayNames("en", { type: "region", style: "long", fallback: "none" });
const shortNames = new Intl.DisplayNames("en", { type: "region", style: "short", fallback: "none" });

/** Shown instead of the name in `Intl`, where people write another one. */
const shownNames: Readonly<Record<string, string>> = {
  CD: "Congo (DR)",
  CG: "Congo",
  CI: "Côte d'Ivoire",
  HK: "Hong Kong",
  MM: "Myanmar",
  MO: "Macao",
  PS: "Palestine",
  AC: "Ascension Island",
  TA: "Tristan da Cunha",
  XK: "Kosovo",
};

/** The country's name in English; undefined for an unknown code. */
export const countryName = (code: string): string | undefined =>
  isCountry(code) ? (shownNames[code] ?? longNames.of(code)) : undefined;

/** Other names, used by ISO 3166, in price lists or formerly. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  AC: ["Ascension"],
  AE: ["UAE", "Emirates"],
  AG: ["Antigua"],
  AX: ["Aland"],
  BA: ["Bosnia", "Bosnia-Herzegovina", "Bosnia Hercegovina"],
  BF: ["Upper Volta"],
  BJ: ["Dahomey"],
  BL: ["Saint Barts", "Saint Barth"],
  BN: ["Brunei Darussalam"],
  BO: ["Plurinational State of Bolivia"],
  BQ: ["Bonaire", "Bonaire, Sint Eustatius and Saba", "Bonaire, Saint Eustatius and Saba"],
  BY: ["Byelorussia", "Belorussia", "Byelarus", "White Russia"],
  BZ: ["British Honduras"],
  CC: ["Cocos Islands", "Keeling Islands"],
  CD: ["DRC", "Zaire", "Congo Kinshasa"],
  CF: ["Central African Rep"],
  CG: ["Congo Brazzaville", "Republic of the Congo", "Congo, Republic of the", "Congo (Republic)"],
  CI: ["Ivory Coast", "Cote Ivoire"],
  CN: ["PRC", "People's Republic of China", "Mainland China", "China PR", "PR China"],
  CV: ["Cabo Verde", "Cape Verde Islands"],
  CZ: ["Czech Republic", "Czech Rep"],
  DO: ["Dominican Rep"],
  ES: ["Canary Islands"],
  EH: ["Sahrawi Arab Democratic Republic", "Spanish Sahara"],
  FK: ["Malvinas", "Falklands"],
  FM: ["Federated States of Micronesia"],
  FO: ["Faeroe Islands", "Faeroes", "Faroes"],
  GB: [
    "UK",
    "Great Britain",
    "Britain",
    "England",
    "Scotland",
    "Wales",
    "Northern Ireland",
    "United Kingdom of Great Britain and Northern Ireland",
  ],
  GF: ["Guyane", "French Guyana"],
  GL: ["Kalaallit Nunaat"],
  GR: ["Hellas", "Hellenic Republic"],
  GN: ["Guinea Conakry"],
  HK: ["Hong Kong SAR", "Hong Kong, China"],
  IE: ["Eire"],
  IO: ["Diego Garcia", "Chagos Islands", "Chagos Archipelago"],
  IR: ["Persia"],
  KG: ["Kyrgyz Republic", "Kirghizia", "Kirgizstan"],
  KH: ["Kampuchea"],
  KN: ["Saint Christopher and Nevis"],
  KP: ["DPRK"],
  KR: ["ROK"],
  KZ: ["Kazakstan"],
  LA: ["Lao", "Lao PDR", "Lao People's Democratic Republic"],
  LK: ["Ceylon"],
  LU: ["Luxemburg"],
  LY: ["Libyan Arab Jamahiriya", "Socialist People's Libyan Arab Jamahiriya"],
  MD: ["Moldavia"],
  MF: ["Saint Martin (French part)"],
  MK: ["Macedonia", "FYROM", "FYR Macedonia", "The former Yugoslav Republic of Macedonia"],
  MM: ["Burma"],
  MO: ["Macau", "Macao SAR", "Macau SAR", "Macao, China", "Macau, China"],
  NL: ["Holland"],
  PF: ["Tahiti"],
  PG: ["PNG"],
  PS: [
    "Gaza",
    "West Bank and Gaza",
    "Occupied Palestinian Territory",
    "Palestinian Territory, Occupied",
    "Palestinian Territory",
  ],
  PT: ["Madeira", "Azores"],
  RE: ["Reunion Island"],
  RO: ["Roumania", "Rumania"],
  RU: ["Russian Federation", "Russia Federation", "Russian Fed"],
  SA: ["KSA"],
  SH: ["Saint Helena, Ascension and Tristan da Cunha"],
  SJ: ["Svalbard", "Spitsbergen", "Svalbard and Jan Mayen Islands"],
  SK: ["Slovak Republic", "Slovak Rep"],
  SR: ["Surinam"],
  ST: ["Sao Tome"],
  SX: ["Saint Maarten", "Sint Maarten (Dutch part)"],
  SY: ["Syrian Arab Republic"],
  SZ: ["Swaziland"],
  TA: ["Tristan"],
  TC: ["Turks and Caicos"],
  TH: ["Siam"],
  TJ: ["Tadjikistan"],
  TL: ["East Timor"],
  TR: ["Turkey"],
  TT: ["Trinidad"],
  TW: [
    "Republic of China",
    "Taiwan, Province of China",
    "Taiwan ROC",
    "Taiwan, China",
    "Chinese Taipei",
    "Formosa",
  ],
  UM: ["United States Minor Outlying Islands"],
  US: ["USA", "US of America", "United States of America", "America"],
  VA: ["Vatican", "Holy See", "Vatican City State", "Holy See (Vatican City State)"],
  VG: ["British Virgin Islands", "Virgin Islands, British", "Virgin Islands (UK)", "UK Virgin Islands"],
  VI: ["US Virgin Islands", "Virgin Islands, US", "United States Virgin Islands"],
  VN: ["Viet Nam"],
  VU: ["New Hebrides"],
  WF: ["Wallis and Futuna Islands"],
  WS: ["Western Samoa"],
  XK: ["Republic of Kosovo"],
  ZA: ["RSA"],
  ZW: ["Rhodesia"],
};

/**
 * Reduces a name to its words, so that accents, case, points, apostrophes, `the`, `and` and `St.` make no
 * difference.
 */
function fold(name: string): string {
  const words = name
    .replaceAll("´", "")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll("ı", "i")
    .replaceAll(/[.'’‘ʼ`´]/g, "")
    .replaceAll(/[^\p{L}\d]+/gu, " ")
    .replaceAll(/\b(?:st|ste|sainte)\b/g, "saint")
    .replaceAll(/\bis\b/g, "islands")
    .replaceAll(/\bisland\b/g, "islands")
    .replaceAll(/\b(?:the|and)\b/g, " ");
  return words.trim().replaceAll(/ +/g, " ");
}

/** Territories whose state is often named behind them, as in `Guam (USA)`. */
const territories: Readonly<Record<string, string>> = {
  AU: "CC CX NF",
  CN: "HK MO TW",
  DK: "FO GL",
  FI: "AX",
  FR: "BL GF GP MF MQ NC PF PM RE WF YT",
  GB: "AC AI BM FK GG GI IM IO JE KY MS SH TA TC VG",
  IL: "PS",
  NL: "AW BQ CW SX",
  NO: "SJ",
  NZ: "CK NU TK",
  RS: "XK",
  US: "AS GU MP PR VI",
};

/** Names that show a country only together with the words in brackets behind them. */
const unclearNames = new Set(["congo", "guinea", "korea", "virgin islands"]);

const beforeBracket = (name: string): string => name.replace(/\s*[([].*$/, "");

const codesByName = new Map<string, string>();

// Full names take precedence over names that are cut out of a longer one.
for (const names of [certainNames, (code: string) => certainNames(code).map(bareName)]) {
  for (const code of countryCodes) {
    for (const name of names(code).map(fold))
      if (name !== "" && !codesByName.has(name)) codesByName.set(name, code);
  }
}

function certainNames(code: string): string[] {
  const all = [shownNames[code], longNames.of(code), shortNames.of(code), ...(otherNames[code] ?? [])];
  return all.filter((name) => name !== undefined);
}

/** Two pairs of countries share a name and differ in the words around it. */
const divided: readonly { name: RegExp; sign: RegExp; code: string }[] = [
  { name: /\bcongo\b/, sign: /\b(?:dem|democratic|dr|drc|kinshasa|zaire)\b/, code: "CD" },
  { name: /\bcongo\b/, sign: /\b(?:republic|rep|brazzaville)\b/, code: "CG" },
  { name: /\bkorea\b/, sign: /\b(?:dem|democratic|dprk?|peoples|north)\b/, code: "KP" },
  { name: /\bkorea\b/, sign: /\b(?:republic|rep|rok|south)\b/, code: "KR" },
];

/**
 * The words around a name, as in `Republic of Slovenia`, `Iran, Islamic Republic of` and `Tanzania (United
 * Republic of)`.
 */
const stateWords =
  "republic|rep|kingdom|state|states|commonwealth|principality|grand duchy|duchy|sultanate|union|federation|territory|" +
  "province|islamic|arab|democratic|peoples|peoples democratic|socialist|federal|federated|united|oriental|plurinational|" +
  "bolivarian|cooperative|co operative|hashemite|independent|former|formerly|yugoslav|of";
const around = new RegExp(`^(?:(?:${stateWords}) )+(?=\\S)|(?: (?:${stateWords}))+$`, "g");

/** Three times as long as the longest name of a country with all that is written around it. */
const longestName = 250;

/**
 * Reads a country: its ISO 3166-1 alpha-2 code, or a present or former English name in any spelling.
 * Undefined for everything else, and for a name that could mean two countries.
 */
export function parseCountry(text: string): string | undefined {
  // Expressions below try many ways to divide a text; that of anybody may have megabytes.
  if (text.length > longestName) return undefined;
  const names = text.split(/\/|[([](?:formerly|now|also)\b/i);
  const all = new Set(names.map((name) => readName(name)));
  return readName(text) ?? (names.length > 1 && all.size === 1 ? [...all][0] : undefined);
}

function readName(text: string): string | undefined {
  const code = text.trim().toUpperCase();
  if (isCountry(code)) return code;
  const name = fold(text);
  return (
    codesByName.get(name) ??
    divided.find((one) => one.name.test(name) && one.sign.test(name))?.code ??
    codesByName.get(swapped(text)) ??
    codesByName.get(name.replaceAll(around, "")) ??
    codesByName.get(swapped(text).replaceAll(around, "")) ??
    codesByName.get(bareName(text))
  );
}

/**
 * A name without its explanation in brackets, as in `Netherlands (Kingdom of the Netherlands)`. Empty where
 * the brackets tell two countries apart, or name another one, as in `Denmark (Greenland)`.
 */
function bareName(text: string): string {
  const name = fold(beforeBracket(text));
  const [, explanation = ""] = /[([]([^)\]]*)/.exec(text) ?? [];
  const [code, other] = [codesByName.get(name) ?? "", codesByName.get(fold(explanation))];
  const isOther = other !== undefined && other !== code && !territories[other]?.includes(code);
  return unclearNames.has(name) || isOther ? "" : name;
}

/** Turns `Gambia, The` and `Virgin Islands, British` the other way round. */
function swapped(text: string): string {
  const [, first = "", second = ""] = /^([^,(]*)[,(]([^,)]*)\)?$/.exec(text) ?? [];
  return fold(`${second} ${first}`);
}
