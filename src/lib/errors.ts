import { nodeNames, type NodeType } from "./node-type.ts";

/** Every kind of error that a client can get, as a stable word for programs. */
export const errorCodes = {
  INVALID_PHONE_NUMBER: "The recipient is not a phone number that can get an SMS.",
  INVALID_TEXT: "The text is empty, too long, or cannot be encoded as asked.",
  INVALID_SENDER: "The sender is missing, or the provider does not allow it.",
  INVALID_SCHEDULE: "The time is in the past or too far ahead.",
  INVALID_INPUT: "A value is out of its range or has the wrong form.",
  INVALID_ID: "The id did not come from smsgraph, or it is the id of another type.",
  INVALID_CURSOR: "The cursor did not come from smsgraph.",
  NOT_FOUND: "This account has no object with this id.",
  RECIPIENT_SUPPRESSED: "The recipient is on the list of numbers that are not to be texted.",
  NO_ROUTE: "No connected provider can carry the message.",
  COUNTRY_NOT_ALLOWED: "The account may not send to the recipient's country.",
  KEY_RESTRICTED: "The key may not send through this provider, as this sender or to this country.",
  SPENDING_CAP_REACHED: "The message would exceed what the account may spend.",
  UNSUPPORTED_FEATURE: "The provider cannot do what was asked.",
  IDEMPOTENCY_CONFLICT: "The idempotency key was used with another input.",
  NO_RECIPIENTS: "None of the recipients can get a message.",
  ROWS_REFUSED: "Some recipients of the campaign cannot get the new text, so nothing was changed.",
  NOT_CANCELLABLE: "The message was already submitted or has ended.",
  QUOTA_EXCEEDED: "The account has as much of something as it may have.",
  ACCOUNT_DELETING: "The account is being deleted.",
  OUTCOME_NOT_OPEN: "The outcome of the message is known, or it has not been given up.",
  LAST_ADMIN_KEY: "It is the account's last ADMIN key without an expiry or restrictions.",
  UNAUTHENTICATED: "The API key or watch token is missing, unknown, revoked or expired.",
  FORBIDDEN: "The API key lacks the scope, or the watch token is for something else.",
  TOO_MANY_PROVIDERS: "The account already has the most connected providers allowed.",
  TOO_MANY_WEBHOOKS: "The account already has the most webhooks allowed.",
  TOO_MANY_SUBSCRIPTIONS: "The socket or the account has too many open subscriptions.",
  TOO_MANY_REQUESTS:
    "Too many operations at once or in a short time; `retryAfterSeconds` says when to try again.",
  VERSION_CONFLICT: "It was changed since you read it.",
  CAMPAIGN_ENDED: "The campaign has ended, or its recipients are still being read.",
  BAD_REQUEST: "The request is not valid GraphQL for this schema.",
  PERSISTED_QUERY_NOT_SUPPORTED:
    "The request has only the hash of a query. It is not a trusted document: send the query itself.",
  UNTRUSTED_DOCUMENT: "The document is not among the trusted ones, and nothing else is executed.",
  QUERY_TOO_COMPLEX: "The query asks for too much at once.",
  UNAVAILABLE: "The service cannot answer now; try again.",
  INTERNAL: "An internal error. Search the server's log for the id in the message.",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Maximum length of an error's text and of the input it repeats. One answer may hold five hundred errors. */
export const maxErrorText = 1_000;
const maxRepeated = 200;

/** The text, cut to `most` characters. */
export const clipped = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/**
 * An error that the client can fix. Its message says what is wrong, where, and what to do, and anyone may see
 * it. Every other error is internal and never leaves the process.
 */
export abstract class DomainError extends Error {
  abstract readonly code: ErrorCode;
  constructor(message: string) {
    super(clipped(message, maxErrorText));
  }

  /** The message with ids as the client knows them. */
  messageFor(_encode: EncodeId): string {
    return this.message;
  }
}

/** Turns a local id into the one that clients know. */
type EncodeId = (type: NodeType, localId: string) => string;

export class InvalidPhoneNumberError extends DomainError {
  readonly code = "INVALID_PHONE_NUMBER";
  readonly input: string;
  constructor(input: string, problem: string) {
    super(`${problem} Write the number in international form, for example +421901000000.`);
    this.input = clipped(input, maxRepeated);
  }
}

/** Why a recipient on the list is refused. `reason` stands in brackets behind a space, or is empty. */
export const suppressedText = (number: string, reason: string): string =>
  `${number} is not to be texted${reason}. If the person wants messages again, take the number off the list with ` +
  "`unsuppressNumber`.";

/** The recipient does not want messages. */
export class RecipientSuppressedError extends DomainError {
  readonly code = "RECIPIENT_SUPPRESSED";
  /** In E.164. */
  readonly number: string;
  readonly reason: string | null;
  readonly since: Date;
  constructor(number: string, reason: string | null, since: Date) {
    super(suppressedText(number, reason === null ? "" : ` (${reason})`));
    this.number = number;
    this.reason = reason;
    this.since = since;
  }
}

export class InvalidTextError extends DomainError {
  readonly code = "INVALID_TEXT";
  /** Segments the text would need; null when it was not measured. */
  readonly segments: number | null;
  readonly maxSegments: number | null;
  constructor(message: string, segments: number | null = null, maxSegments: number | null = null) {
    super(message);
    this.segments = segments;
    this.maxSegments = maxSegments;
  }
}

export class InvalidSenderError extends DomainError {
  readonly code = "INVALID_SENDER";
  readonly sender: string | null;
  constructor(message: string, sender: string | null) {
    super(message);
    this.sender = sender && clipped(sender, maxRepeated);
  }
}

export class InvalidScheduleError extends DomainError {
  readonly code = "INVALID_SCHEDULE";
  readonly scheduledAt: Date;
  constructor(message: string, scheduledAt: Date) {
    super(message);
    this.scheduledAt = scheduledAt;
  }
}

export class InvalidInputError extends DomainError {
  readonly code: ErrorCode = "INVALID_INPUT";
  /** Path of the value in the input, such as `messages.3.clientRef`. */
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

export class InvalidIdError extends InvalidInputError {
  override readonly code = "INVALID_ID";
}

export class InvalidCursorError extends InvalidInputError {
  override readonly code = "INVALID_CURSOR";
  constructor(field: string) {
    super(
      field,
      `\`${field}\` is not a cursor of ours. Use one exactly as an earlier answer gave it, or leave it out.`,
    );
  }
}

export class NotFoundError extends DomainError {
  readonly code = "NOT_FOUND";
  readonly type: NodeType;
  readonly localId: string;
  /** The object in words, such as "enabled provider". */
  readonly what: string;
  constructor(type: NodeType, localId: string, what: string = nodeNames[type]) {
    super(missing(what, localId));
    this.type = type;
    this.localId = localId;
    this.what = what;
  }

  override messageFor(encode: EncodeId): string {
    return missing(this.what, encode(this.type, this.localId));
  }
}

const missing = (what: string, id: string): string =>
  `There is no ${what} with the id ${id} in this account. Use an id that this account was given.`;

/** A provider that could not carry a message, and the reason. */
export interface ProviderRejection {
  providerId: string;
  name: string;
  /** A stable word for programs. */
  code: string;
  /** Plain words. */
  reason: string;
}

export class NoRouteError extends DomainError {
  readonly code = "NO_ROUTE";
  /** Every connected provider with its reason. */
  readonly rejected: readonly ProviderRejection[];
  constructor(message: string, rejected: readonly ProviderRejection[] = []) {
    super(message);
    this.rejected = rejected;
  }
}

/** What keys can be restricted to. */
export const restrictedTo = {
  PROVIDER: { description: "Providers.", field: "providerId" },
  SENDER: { description: "Senders.", field: "from" },
  COUNTRY: { description: "Countries of recipients.", field: "to" },
} as const;

/** The calling key may not send this, though the account may. */
export class KeyRestrictedError extends DomainError {
  readonly code = "KEY_RESTRICTED";
  readonly restriction: keyof typeof restrictedTo;
  constructor(restriction: keyof typeof restrictedTo, problem: string) {
    super(`${problem} Use a key that may, or have its restrictions changed (\`setApiKeyRestrictions\`).`);
    this.restriction = restriction;
  }
}

export class CountryNotAllowedError extends DomainError {
  readonly code = "COUNTRY_NOT_ALLOWED";
  /** ISO 3166-1 alpha-2; null when the number does not show its country. */
  readonly country: string | null;
  constructor(country: string | null) {
    super(
      `The account may not send to ${country ?? "a number whose country is not known"}. ` +
        "Add the country with `setSpendingLimits`, or choose another recipient.",
    );
    this.country = country;
  }
}

/** The spending cap that a message would exceed. */
export interface ReachedCap {
  country: string | null;
  period: "DAY" | "MONTH";
  amount: string;
  currency: string;
  /** How much of it has been spent. */
  spent: string;
}

export class SpendingCapError extends DomainError {
  readonly code = "SPENDING_CAP_REACHED";
  /** Null when no cap can count the message: its price is unknown, or no cap is in its currency. */
  readonly cap: ReachedCap | null;
  constructor(cap: ReachedCap | null) {
    super(cap ? describeCap(cap) : uncounted);
    this.cap = cap;
  }
}

/** Without amounts: keys that may only send see it too. */
const describeCap = ({ country, period }: ReachedCap): string => {
  const unit = period.toLowerCase();
  return (
    `The cap for ${country === null ? "" : `${country} in `}a ${unit} would be exceeded. Raise it with \`setSpendingLimits\`, ` +
    `or wait for the next ${unit}.`
  );
};

const uncounted =
  "Spending is capped, and no cap can count this message: its price is not known, or in another currency. Set its " +
  "rate with `setRates`, add a cap in its currency, or allow such messages with `setSpendingLimits`.";

export class UnsupportedFeatureError extends DomainError {
  readonly code = "UNSUPPORTED_FEATURE";
  /** The input field that asked for the feature. */
  readonly feature: string;
  constructor(feature: string, provider: string, advice: string) {
    super(`${provider} cannot do what \`${feature}\` asks for. ${advice}`);
    this.feature = feature;
  }
}

export class IdempotencyConflictError extends DomainError {
  readonly code = "IDEMPOTENCY_CONFLICT";
  readonly idempotencyKey: string;
  /** The message of the key; null when the key belongs to a campaign. */
  readonly messageId: string | null;
  readonly campaignId: string | null;
  constructor(idempotencyKey: string, messageId: string | null, campaignId: string | null = null) {
    const what = campaignId === null ? "message" : "campaign";
    super(
      `This idempotency key was used with another input in the last 24 hours. Use a new key for a new ${what}.`,
    );
    this.idempotencyKey = idempotencyKey;
    this.messageId = messageId;
    this.campaignId = campaignId;
  }
}

/** A row of a campaign's input that cannot become a message. */
export interface RefusedRow {
  /** Row number in the input. */
  position: number;
  /** The recipient as given, shortened if it is long. */
  recipient: string;
  code: ErrorCode;
  reason: string;
}

export class NoRecipientsError extends DomainError {
  readonly code = "NO_RECIPIENTS";
  readonly refusedCount: number;
  /** The first refused rows. */
  readonly refused: readonly RefusedRow[];
  constructor(refusedCount: number, refused: readonly RefusedRow[]) {
    const reasons = refused.slice(0, 3).map(({ position, reason }) => `Row ${position}: ${reason}`);
    super(
      refusedCount === 0
        ? "There are no recipients: no row follows the header. Give at least one."
        : `None of the ${refusedCount} recipients can get a message. ${reasons.join(" ")}`,
    );
    this.refusedCount = refusedCount;
    this.refused = refused;
  }
}

/** What a campaign is to say now cannot be said to some of its recipients. */
export class RowsRefusedError extends DomainError {
  readonly code = "ROWS_REFUSED";
  readonly refusedCount: number;
  /** The first refused rows. */
  readonly refused: readonly RefusedRow[];
  constructor(refusedCount: number, refused: readonly RefusedRow[]) {
    const reasons = refused.slice(0, 3).map(({ position, reason }) => `Row ${position}: ${reason}`);
    super(
      `Nothing was changed, since ${refusedCount} recipients cannot get this text. ${reasons.join(" ")} Change the text.`,
    );
    this.refusedCount = refusedCount;
    this.refused = refused;
  }
}

export class NotCancellableError extends DomainError {
  readonly code = "NOT_CANCELLABLE";
  readonly status: string;
  constructor(status: string, what = "cancelled") {
    super(
      `Only a SCHEDULED or QUEUED message can be ${what}; this one is ${status}. What was submitted cannot be taken back.`,
    );
    this.status = status;
  }
}

/** Something was changed since the caller read it. */
export class VersionConflictError extends DomainError {
  readonly code = "VERSION_CONFLICT";
  readonly version: number;
  constructor(given: number, version: number) {
    super(
      `It has the version ${version}, not ${given}: it was changed since you read it. Read it again, and decide anew.`,
    );
    this.version = version;
  }
}

export class OutcomeNotOpenError extends DomainError {
  readonly code = "OUTCOME_NOT_OPEN";
  readonly status: string;
  constructor(status: string, open: readonly string[]) {
    super(
      `This is for messages that are ${open.join(" or ")}; this one is ${status}. ` +
        (status === "OUTCOME_UNKNOWN"
          ? "It has not been given up: wait, or settle it as UNKNOWN first."
          : "Read its timeline: it says what became of it."),
    );
    this.status = status;
  }
}

export class CampaignEndedError extends DomainError {
  readonly code = "CAMPAIGN_ENDED";
  readonly status: string;
  constructor(status: string, advice: string) {
    super(`The campaign is ${status}. ${advice}`);
    this.status = status;
  }
}

export class ProviderUnavailableError extends DomainError {
  readonly code = "UNAVAILABLE";
  constructor(provider: string, detail: string) {
    super(`${provider} did not answer usefully: ${detail} Try again later, or see \`checkProvider\`.`);
  }
}

/** Every connection to the database is in use, and none came free in time. */
export class BusyError extends DomainError {
  readonly code = "UNAVAILABLE";
  constructor() {
    super("The service has more to do than it can now. Try again in a few seconds.");
  }
}

/** Until its recipients are all stored, a campaign may still come to nothing. */
export class StillImportingError extends DomainError {
  readonly code = "UNAVAILABLE";
  constructor() {
    super(
      "The recipients of the campaign with this `idempotencyKey` are still being read. Repeat the request in a few seconds.",
    );
  }
}

/** The database does not answer, or takes nothing more. */
export class DatabaseUnavailableError extends DomainError {
  readonly code = "UNAVAILABLE";
  /** What is wrong with it, in words that anyone may see. */
  readonly problem: string;

  constructor(problem: string) {
    super(`The service cannot work now: ${problem}. Try again in a few seconds.`);
    this.problem = problem;
  }
}

/** The connection to the database broke off before it said whether a change was made. */
export class OutcomeUnknownError extends DomainError {
  readonly code = "UNAVAILABLE";
  constructor() {
    super(
      "The database did not answer in time, so it is not known whether the change was made. Repeat it in a few seconds, " +
        "with the same `idempotencyKey` if it has one: then it is made once.",
    );
  }
}

/** A stream of versions cannot continue without a gap. */
export class StreamBehindError extends DomainError {
  readonly code = "UNAVAILABLE";
  constructor() {
    super("The stream stood still for so long that what it missed is no longer kept. Subscribe again.");
  }
}

export class UnauthenticatedError extends DomainError {
  readonly code = "UNAUTHENTICATED";
}

/** The key is known, and may not be used from where the request came from. */
export class AddressNotAllowedError extends UnauthenticatedError {
  readonly address: string | undefined;
  constructor(address: string | undefined) {
    super(
      `The API key may not be used from ${address ?? "an unknown address"}. Use one that may, or have an administrator allow the address.`,
    );
    this.address = address;
  }
}

export class ForbiddenError extends DomainError {
  readonly code = "FORBIDDEN";
}

/** What an account may have only so much of, and how it gets room again. */
export const quotaKinds = {
  PROVIDERS: { description: "Connected providers." },
  KEYS: { description: "Keys that are neither revoked nor expired." },
  CAMPAIGNS: { description: "Campaigns that have not ended." },
  WEBHOOKS: { description: "Webhooks." },
  STORED_MESSAGES: { description: "Messages that are kept." },
} as const;

export type QuotaKind = keyof typeof quotaKinds;

const roomFor: Readonly<Record<QuotaKind, string>> = {
  PROVIDERS: "Disconnect one first.",
  KEYS: "Revoke one first.",
  CAMPAIGNS: "Wait until one has ended, or cancel one.",
  WEBHOOKS: "Delete one first.",
  STORED_MESSAGES: "Whoever runs the server can keep messages for fewer days, or allow more.",
};

export class QuotaExceededError extends DomainError {
  readonly code = "QUOTA_EXCEEDED";
  readonly kind: QuotaKind;
  readonly limit: number;
  readonly used: number;
  constructor(kind: QuotaKind, limit: number, used: number) {
    const what = quotaKinds[kind].description.replace(/\.$/, "").toLowerCase();
    super(`The account may have ${limit} of these: ${what}; it has ${used}. ${roomFor[kind]}`);
    this.kind = kind;
    this.limit = limit;
    this.used = used;
  }
}

export class AccountDeletingError extends DomainError {
  readonly code = "ACCOUNT_DELETING";
  constructor() {
    super("The account is being deleted, which cannot be taken back. Make another account.");
  }
}

export class LastAdminKeyError extends DomainError {
  readonly code = "LAST_ADMIN_KEY";
  constructor(name: string) {
    super(
      `"${name}" is the last key of this account with the ADMIN scope and without an expiry, addresses or restrictions. ` +
        "Without it, perhaps no key could be made. Make such a one with `createApiKey` first, and revoke or restrict this one with it.",
    );
  }
}

export class TooManyProvidersError extends DomainError {
  readonly code = "TOO_MANY_PROVIDERS";
  readonly maxProviders: number;
  constructor(maxProviders: number) {
    super(`The account has ${maxProviders} connected providers, and may have no more. Disconnect one first.`);
    this.maxProviders = maxProviders;
  }
}

export class TooManyWebhooksError extends DomainError {
  readonly code = "TOO_MANY_WEBHOOKS";
  readonly maxWebhooks: number;
  constructor(maxWebhooks: number) {
    super(`The account has ${maxWebhooks} webhooks, and may have no more. Delete one first.`);
    this.maxWebhooks = maxWebhooks;
  }
}

export class TooManySubscriptionsError extends DomainError {
  readonly code = "TOO_MANY_SUBSCRIPTIONS";
  /** Whose limit was reached. */
  readonly scope: "SOCKET" | "ACCOUNT";
  readonly limit: number;
  constructor(scope: "SOCKET" | "ACCOUNT", limit: number) {
    super(
      scope === "SOCKET"
        ? `This socket has ${limit} open subscriptions, the most there may be. Complete some, or open another socket.`
        : `This account has ${limit} open subscriptions at this process, the most there may be. Complete some.`,
    );
    this.scope = scope;
    this.limit = limit;
  }
}

/** Whose share of running operations is used up. */
export type ShareHolder = "SOCKET" | "KEY" | "ACCOUNT";

export class TooManyRequestsError extends DomainError {
  readonly code = "TOO_MANY_REQUESTS";
  /** Whose share is used up. */
  readonly scope: ShareHolder;
  readonly retryAfterSeconds: number;
  constructor(scope: ShareHolder, retryAfterSeconds: number) {
    super(
      `Too many operations of this ${scope.toLowerCase()} are under way, or too large ones. Nothing was done. Come back ` +
        `in ${retryAfterSeconds} s, with fewer at once or with smaller pages.`,
    );
    this.scope = scope;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Subscriptions of an account, or of all of them, name too many messages. */
export class TooManyWatchedError extends DomainError {
  readonly code = "TOO_MANY_REQUESTS";
  readonly scope: "ACCOUNT" | "PROCESS";
  readonly limit: number;
  readonly retryAfterSeconds = 30;
  constructor(scope: "ACCOUNT" | "PROCESS", limit: number) {
    super(
      `The open subscriptions of ${scope === "ACCOUNT" ? "this account" : "all accounts"} at this process name ${limit} messages ` +
        "in `messageIds`, the most there may be. Complete some, or filter by `campaignId`, `clientRefPrefix` or nothing.",
    );
    this.scope = scope;
    this.limit = limit;
  }
}

/** In plain words what a rate limit counts. */
const limited: Readonly<Record<string, string>> = {
  requests: "requests",
  cost: "units of cost",
  sends: "messages",
  subscriptions: "starts of subscriptions",
  sockets: "new WebSockets",
  uploads: "uploads",
  webhookTests: "test deliveries of webhooks",
};

export class RateLimitedError extends DomainError {
  readonly code = "TOO_MANY_REQUESTS";
  readonly scope: "KEY" | "ACCOUNT";
  /** Which limit is used up. */
  readonly limit: string;
  readonly retryAfterSeconds: number;
  constructor(limit: string, burst: number, retryAfterSeconds: number, scope: "KEY" | "ACCOUNT" = "KEY") {
    super(
      `This ${scope.toLowerCase()} has used up its ${limited[limit] ?? limit}: at most ${Math.floor(burst)} at once. Nothing was done. ` +
        `Come back in ${retryAfterSeconds} s.`,
    );
    this.scope = scope;
    this.limit = limit;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export class QueryTooComplexError extends DomainError {
  readonly code = "QUERY_TOO_COMPLEX";
}
