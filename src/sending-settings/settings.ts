import { senderProblem } from "../sms/sender-rules.ts";

/** What is done about something that probably goes wrong. */
export type Handling = "REFUSE" | "WARN" | "ALLOW";

/** What an account wants of all that it sends. */
export interface SendingSettings {
  /** ISO 3166-1 alpha-2: the country of numbers without a country code; null: they are refused. */
  defaultCountry: string | null;
  /** Numbers of a type that takes no SMS, such as landlines. */
  unreachableNumbers: Exclude<Handling, "WARN">;
  /** Sender IDs that break the rules of the recipient's country. */
  senderRules: Handling;
  /** Names that the account has registered where that is asked for. */
  registeredSenders: readonly RegisteredSender[];
}

export interface RegisteredSender {
  sender: string;
  /** ISO 3166-1 alpha-2. */
  countries: readonly string[];
}

export const defaultSettings: SendingSettings = {
  defaultCountry: null,
  unreachableNumbers: "REFUSE",
  senderRules: "WARN",
  registeredSenders: [],
};

/** What the settings say against a sender in a country, in words; undefined if nothing. */
export const senderProblemFor = (
  { registeredSenders }: SendingSettings,
  sender: string,
  country: string | null,
): string | undefined =>
  senderProblem(sender, country, (name, where) =>
    registeredSenders.some(
      (one) => one.sender.toLowerCase() === name.toLowerCase() && one.countries.includes(where),
    ),
  );

const maxWarnings = 20;

/** What is to be said of senders before anything is sent. */
export const senderWarnings = (
  settings: SendingSettings,
  senders: readonly { sender: string; country: string | null }[],
): string[] =>
  settings.senderRules === "ALLOW"
    ? []
    : [
        ...new Set(
          senders.flatMap(({ sender, country }) => senderProblemFor(settings, sender, country) ?? []),
        ),
      ].slice(0, maxWarnings);
