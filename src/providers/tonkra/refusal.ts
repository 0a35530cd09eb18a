import type { SubmitOutcome } from "../provider.ts";
import { failed, outOfCredit, rejected } from "../wire/outcomes.ts";

/**
 * Tonkra has no error codes, and its texts come in the account's language. These patterns recognise the
 * English texts. A text without a match counts as unknown, since a wrong guess would be worse.
 */
interface Hint {
  pattern: RegExp;
  outcome(text: string): SubmitOutcome;
}

/** Words of a gateway that did not answer, or of the platform about it: `Failed`, `cURL error 28: …`. */
export function speaksOfGateway(text: string): boolean {
  return /^failed\b|time[d-]?\s?out|\bcurl\b|exception|gateway|connection|unreachable|\bserver\b/i.test(text);
}

const contentHints: readonly Hint[] = [
  { pattern: /sender|originator/i, outcome: (text) => rejected("invalid_sender", text, true) },
  { pattern: /spam|forbidden word|banned word/i, outcome: (text) => rejected("text_refused", text, true) },
];

const hints: readonly Hint[] = [
  {
    pattern: /credentials|\bapi.?token\b|unauthenticated/i,
    outcome: (text) => accountRefusal(text),
  },
  // Must come first, since its texts may also mention a number.
  {
    pattern: /\bregion\b|\bcountry\b|coverage|destination/i,
    outcome: (text) => rejected("no_rate", text, true),
  },
  {
    pattern: /black.?list|opt(ed)?.?out|unsubscribed/i,
    outcome: (text) => rejected("recipient_blocked", text, true),
  },
  // Refused before anything was sent; works again once the account is topped up.
  {
    pattern: /\b(balance|credits?|units?|funds)\b/i,
    outcome: outOfCredit,
  },
  ...contentHints,
  { pattern: /\bplan\b|subscription|demo/i, outcome: (text) => failed("provider_refused", text) },
  {
    pattern: /\b(number|phone|recipient|msisdn)s?\b/i,
    outcome: (text) => rejected("invalid_number", text, true),
  },
  { pattern: /permission|not allowed|developers/i, outcome: (text) => failed("provider_forbidden", text) },
];

/** The outcome that a text suggests. */
export function namedRefusal(text: string): SubmitOutcome | undefined {
  return hints.find(({ pattern }) => pattern.test(text))?.outcome(text);
}

/** The same for texts that can only be about the sender ID or the text. */
export function contentRefusal(text: string): SubmitOutcome | undefined {
  return contentHints.find(({ pattern }) => pattern.test(text))?.outcome(text);
}

export function accountRefusal(text: string): SubmitOutcome {
  return failed("provider_unauthenticated", text);
}
