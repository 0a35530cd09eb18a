import { jsonReply, type WireAnswer } from "../exchange.ts";
import { requestProblems } from "../laravel.ts";

export const success = (data: unknown, message: string | null = null): WireAnswer =>
  jsonReply(200, { status: "success", message, data });

export function rawJson(body: string): WireAnswer {
  return { kind: "answer", status: 200, headers: { "content-type": "application/json" }, body };
}

export const error = (status: number, message: string): WireAnswer =>
  jsonReply(status, { status: "error", message });

export const delivered = "Your message was successfully delivered";
export const scheduled = "Your message was successfully scheduled";

/** A wrong token gives an error with HTTP 200, except in the third version of the API. */
export const refusals = {
  unauthenticated: jsonReply(401, { message: "Unauthenticated." }),
  noToken: error(200, "The api token field is required."),
  wrongToken: error(200, "These credentials do not match our records."),
  notFound: error(404, "SMS Info not found"),
  noUnits: error(403, "You do not have enough SMS units to send this message."),
  notJson: error(415, requestProblems.notJson),
  brokenJson: error(400, requestProblems.brokenJson),
  tooLarge: error(413, requestProblems.tooLarge),
  wrongAccept: error(406, "The Accept header must be application/json."),
  /** Without `Accept` Laravel takes the client for a browser. */
  notAcceptable: {
    kind: "answer",
    status: 406,
    headers: { "content-type": "text/html; charset=UTF-8" },
    body: "<!DOCTYPE html>\n<html><body>OK</body></html>\n",
  },
} as const satisfies Record<string, WireAnswer>;

const grouped = new Intl.NumberFormat("en-US");
const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2 });

/** Display texts, not numbers. */
export const balanceTexts = {
  units: (units: number) => grouped.format(units),
  money: (amount: number, symbol: string) => `${symbol}${money.format(amount)}`,
  unlimited: "Unlimited",
};

export const balance = (text: string, expiredOn = "30th Aug 46, 8:14 AM"): WireAnswer =>
  success({ remaining_balance: text, expired_on: expiredOn });

/** What is wrong with one number, or with the message as a whole. The real texts come in the account's language. */
export const numberProblems = {
  noCoverage: (to: string) =>
    `Permission to send an SMS has not been enabled for the region indicated by the 'To' number: ${to}`,
  invalidNumber: (to: string) => `The phone number ${to} is not valid.`,
  blacklisted: (to: string) => `The number ${to} is on the blacklist.`,
  sender: () => "You are not allowed to use this sender id.",
};

export interface ProfileFacts {
  uid: string;
  token: string;
  firstName: string;
  lastName: string;
  email: string | null;
  timeZone: string;
  lastAccessAt: string;
}

/** Also returns the token, as the platform does. */
export const profile = (facts: ProfileFacts): WireAnswer =>
  success({
    uid: facts.uid,
    api_token: facts.token,
    first_name: facts.firstName,
    last_name: facts.lastName,
    email: facts.email,
    locale: "en",
    timezone: facts.timeZone,
    last_access_at: facts.lastAccessAt,
  });
