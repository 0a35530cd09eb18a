/** Where the rules come from; `docs/sender-rules.md` says more. As of November 2026. */
export const senderSources = {
  aws: "https://github.com/awsdocs/amazon-sns-developer-guide/blob/main/doc_source/sns-supported-regions-countries.md",
  telnyx: "https://developers.telnyx.com/docs/messaging/messages/alphanumeric-sender-id",
  pushtech:
    "https://help.pushtech.com/hc/en-us/articles/15407493751954-SMS-International-SMS-Sender-ID-regulations-and-requirements-list-of-countries",
  kaleyra:
    "http://globalmessaging.kaleyra.com/support/solutions/articles/3000068906-what-are-the-rules-for-sender-id-in-different-countries-",
  sgnic:
    "https://www.sgnic.sg/announcements/sgnic-news/announcement-details/2023/04/10/sender-ids-not-registered-with-the-ssir-will-be-blocked-after-six-months-transition-period-from-31-january-2023",
  netcore: "https://netcore.freshdesk.com/support/solutions/articles/17000056317-what-is-sender-id-",
} as const;

/** A rule of a country for senders that are names. */
export interface SenderRule {
  names: "NOT_ALLOWED" | "REGISTERED";
  /** How a name has to look. */
  form?: { pattern: RegExp; words: string };
  source: keyof typeof senderSources;
}

type Rules = readonly [countries: string, rule: SenderRule];

const rules: readonly Rules[] = [
  ["CA PR US", { names: "NOT_ALLOWED", source: "telnyx" }],
  [
    "AR BE BR CL CN CO CR DO EC GT GU HN KR MX MY NI NZ PA PE SV TW UY VE ZA",
    { names: "NOT_ALLOWED", source: "aws" },
  ],
  ["AE BY EG JO KW PH QA RU SA TH VN", { names: "REGISTERED", source: "aws" }],
  ["AF AM AU BD", { names: "REGISTERED", source: "pushtech" }],
  ["CZ HR", { names: "REGISTERED", source: "kaleyra" }],
  ["SG", { names: "REGISTERED", source: "sgnic" }],
  [
    "IN",
    { names: "REGISTERED", form: { pattern: /^[A-Za-z]{6}$/, words: "six letters" }, source: "netcore" },
  ],
];

/** By ISO 3166-1 alpha-2. Countries that are not here take names as they are. */
export const senderRules: ReadonlyMap<string, SenderRule> = new Map(
  rules.flatMap(([countries, rule]) => countries.split(" ").map((country) => [country, rule] as const)),
);

/** Letters and digits of a name fit into an address of 3GPP TS 23.040, 9.1.2.5. */
const maxNameLength = 11;

const isNumber = (sender: string): boolean => /^\+?\d+$/.test(sender.trim());

/** Whether the account has registered a name in a country. */
export type IsRegistered = (sender: string, country: string) => boolean;

/** Why a sender probably does not show as it is in a country, in words; undefined where nothing is known against it. */
export function senderProblem(
  sender: string,
  country: string | null,
  isRegistered: IsRegistered,
): string | undefined {
  if (isNumber(sender)) return undefined;
  const shown = JSON.stringify(sender);
  if (sender.length > maxNameLength)
    return `The sender ${shown} has more than ${maxNameLength} characters, and networks cut or refuse it.`;
  const rule = country === null ? undefined : senderRules.get(country);
  if (country === null || !rule) return undefined;
  if (rule.names === "NOT_ALLOWED")
    return `In ${country}, senders are numbers: the name ${shown} is replaced, or the message refused. Send from a number there.`;
  if (rule.form && !rule.form.pattern.test(sender))
    return `In ${country}, a sender's name has ${rule.form.words}; ${shown} has not.`;
  if (isRegistered(sender, country)) return undefined;
  return `In ${country}, a sender's name has to be registered first. If ${shown} is, say so with \`setSendingSettings\`.`;
}
