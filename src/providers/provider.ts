import type { DecimalText } from "../lib/money.ts";
import type { z } from "zod";
import type { FailureCode } from "./failure-codes.ts";
import type { ProviderHttp } from "./http.ts";

/**
 * The interface of a provider. An adapter knows one vendor's wire format and nothing about storage: it gets
 * checked values and returns outcomes as values. Every adapter passes the same contract suite.
 */

declare const e164Brand: unique symbol;
/** A phone number that was checked and normalised to E.164, with the leading `+`. */
export type E164 = string & { readonly [e164Brand]: true };

/** The statuses a provider can report. Each provider's own words are mapped onto these. */
export type ReportedStatus =
  | "SUBMITTED"
  | "SENT"
  | "DELIVERED"
  | "READ"
  | "UNDELIVERED"
  | "EXPIRED"
  | "REJECTED"
  | "FAILED"
  | "CANCELLED"
  | "UNKNOWN";

/** Our statuses of a message to a person, as a served API has to tell them. */
export type WrittenStatus = "SCHEDULED" | "QUEUED" | "SUBMITTING" | "OUTCOME_UNKNOWN" | ReportedStatus;

/** How our statuses are told to clients of the provider's own API: the other direction of its status table. */
export interface ServedWords {
  statusWord(status: WrittenStatus, failureCode?: string): string;
  /** The reason, where the vendor has words for reasons beside the status. */
  reasonWord?(status: WrittenStatus, failureCode: string | undefined): string | undefined;
}

/** A provider's status words in upper case, with their meaning. A missing word means UNKNOWN. */
export type StatusMap = Readonly<Record<string, ReportedStatus>>;

/** Why a message did not or will not arrive. */
export interface MessageFailure {
  /** Stable snake_case code, such as `no_rate`. */
  code: FailureCode;
  /** Plain words for people; the provider's own text if it gave one. */
  text: string;
  /** True when sending the same message again cannot help. */
  permanent: boolean;
}

/** One message as handed to a provider. */
export interface Submission {
  /** Our message id (UUID), sent as the provider's client reference; never reused. */
  messageId: string;
  to: E164;
  from: string;
  text: string;
  encoding: "GSM7" | "UCS2";
  segments: number;
  /** Shown on the screen at once and not stored by the phone (class 0). */
  flash: boolean;
  priority: "LOW" | "NORMAL" | "HIGH";
  /** Validity period: how many minutes from now delivery may be tried. Absent: the provider's default. */
  validityMinutes?: number;
  /** The provider's id of a cadence group. */
  cadenceGroupId?: string;
  /** The template registered with the Indian DLT platform. */
  dltTemplateId?: string;
  /** Where the provider should post receipts for this message; absent when it cannot reach this server. */
  callbackUrl?: string;
}

/** The outcome of an attempt to submit. Only `retryable` may be tried again. */
export type SubmitOutcome =
  | { kind: "accepted"; providerMessageId?: string; providerBatchId?: string }
  | { kind: "rejected"; status: "REJECTED" | "FAILED"; failure: MessageFailure }
  /** Proven not accepted: nothing was written, or the provider said that it refused the message. */
  | {
      kind: "retryable";
      reason: string;
      retryAfterSeconds?: number;
      /** Refused because the account is out of credit, which affects every message until it is topped up. */
      noCredit?: true;
    }
  /** Written, but without an answer that can be understood: never resend blindly. */
  | { kind: "ambiguous"; reason: string };

/** One delivery receipt (DLR), parsed from a callback, a poll or a reconciliation. */
export interface Receipt {
  providerMessageId?: string;
  providerBatchId?: string;
  /** Our message id, if the provider returns it. */
  clientRef?: string;
  status: ReportedStatus;
  /** The provider's status word, unchanged. */
  providerStatus: string;
  /** By the provider's clock, if it gave a time. */
  occurredAt?: Date;
  /** The part of a multipart message that this receipt is about, counted from 1. */
  part: number;
  parts: number;
  /** What the provider charged for this part. */
  cost?: DecimalText;
  /** ISO 4217, if the receipt names it; absent: the currency of the account. */
  costCurrency?: string;
  /** Mobile country and network code, digits only. */
  mccmnc?: string;
  failure?: MessageFailure;
}

/** A message from a person, as a provider hands it over. */
export interface InboundReading {
  /** The provider's id of this message; with it, the message is stored once however often it is reported. */
  providerMessageId?: string | undefined;
  /** The provider's id of the message that the person answers, if it says so. */
  answersProviderMessageId?: string | undefined;
  /** Absent: the recipient of the answered message. */
  from?: string | undefined;
  /** The number or name that the person wrote to. */
  to?: string | undefined;
  text: string;
  /** By the provider's clock. */
  sentAt?: Date | undefined;
}

/** Messages from people, the oldest first. */
export interface InboundList {
  readings: InboundReading[];
  /** False when the list broke off: there may be older ones that are not in it. */
  isComplete: boolean;
}

export type CallbackReading =
  /** `problem`: what could not be read apart from the receipts; undefined when everything was read. */
  | { kind: "receipts"; receipts: Receipt[]; inbound?: InboundReading[]; problem?: string }
  /** Well-formed, but not a known kind of receipt: stored in quarantine. */
  | { kind: "unreadable"; reason: string }
  /** Not in the provider's format at all: answered with an error. */
  | { kind: "malformed"; reason: string };

/** A message to ask the provider about. */
export interface SubmittedMessage {
  messageId: string;
  to: E164;
  providerMessageId?: string;
  providerBatchId?: string;
  /** How long ago it was submitted, by our clock. */
  ageSeconds?: number;
}

/** A submission with an unknown outcome, to be looked for at the provider. */
export interface UncertainSubmission {
  messageId: string;
  to: E164;
  from: string;
  text: string;
  attemptedAt: Date;
  /** As submitted, if they were. A provider that is asked by resending needs the identical request. */
  flash?: boolean;
  validityMinutes?: number;
  callbackUrl?: string;
}

/** What an adapter may ask of us during reconciliation. */
export interface ReconcileSupport {
  /**
   * Returns those ids that already belong to our messages. For a provider that cannot tell which message is
   * whose: such an id must not be assigned again.
   */
  knownIds(providerMessageIds: readonly string[]): Promise<ReadonlySet<string>>;
  knownBatches(providerBatchIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Claims the only right to resend a message in order to learn its status. The claim is stored before this
   * resolves, since the process may end before the answer. False: do not send.
   */
  claimResend(messageId: string): Promise<boolean>;
  /** Gives the right back, because the message was certainly not sent. */
  returnResend(messageId: string): Promise<void>;
}

export type ReconcileOutcome =
  /** The provider has the message: its ids and its receipts. */
  | { kind: "found"; providerMessageId?: string; providerBatchId?: string; receipts: Receipt[] }
  /** The provider was asked, and does not list the message (yet). */
  | { kind: "absent" }
  | { kind: "unavailable"; problem: ProviderProblem };

/** Why a provider could not be asked or gave no usable answer. Never contains credentials. */
export interface ProviderProblem {
  kind:
    | "unreachable"
    | "unauthenticated"
    | "busy"
    | "not_found"
    | "refused"
    | "unreadable"
    /** Not asked, since other requests go first. Ask again later. */
    | "deferred";
  detail: string;
  retryAfterSeconds?: number;
}

export type ProviderReply<Value> = { ok: true; value: Value } | { ok: false; problem: ProviderProblem };

/** Money, or the provider's own units: exactly one of `amount` and `units`. */
export interface BalanceReading {
  amount?: DecimalText;
  /** ISO 4217; set with `amount`. */
  currency?: string;
  units?: DecimalText;
  /** How far below zero the account may go. Not included in the balance. */
  creditLimit?: DecimalText;
  providerUpdatedAt?: Date;
}

export interface RateReading {
  mcc: string;
  /** Absent: the whole country code. */
  mnc?: string;
  country?: string;
  /** Price of one segment, in the currency of the account's balance. */
  price: DecimalText;
  validFrom?: Date;
  /** Absent: open end. */
  validUntil?: Date;
}

export interface RateQuery {
  /** Mobile country code, alone or with the network code. */
  mccmnc: string;
  country?: string;
}

/** A group by which a provider paces messages. */
export interface CadenceGroupReading {
  id: string;
  name: string;
  paused: boolean;
  note?: string;
}

/** What a provider knows about a phone number. */
export interface NumberReading {
  valid: boolean;
  /** In the provider's own words. */
  detail?: string;
  network?: string;
  mccmnc?: string;
}

/** What a provider supports. A request for anything else is refused before a message is stored. */
export interface ProviderCapabilities {
  receipts: "CALLBACK" | "POLL";
  /** Whether receipts also wait in a queue that hands out each one only once. */
  receiptQueue: boolean;
  flash: boolean;
  /** Whether the provider could schedule messages. smsgraph always holds scheduled messages itself. */
  scheduling: boolean;
  /** Maximum validity period in minutes; null when it cannot be chosen: then we hold it until submission. */
  longestValidityMinutes: number | null;
  /** Whether messages can have a priority at the provider. */
  priority: boolean;
  /** Whether callers may force UCS-2 for a text that fits GSM-7. */
  unicodeControl: boolean;
  cadenceGroups: boolean;
  dltTemplates: boolean;
  numberLookup: boolean;
  /** How messages from people come, apart from those that are posted to us (docs/inbound.md). */
  inbound: "CALLBACK" | "POLL" | "NONE";
  balance: boolean;
  rates: boolean;
  /**
   * Maximum messages in one `submitMany`; 1 when the provider has no bulk request that reports on each
   * message.
   */
  bulkSize: number;
  /** Maximum characters of an alphanumeric sender ID. */
  senderMaxLength: number;
  /** Maximum digits of a numeric sender ID. */
  senderMaxDigits: number;
  /** Maximum segments of a text. */
  maxSegments: number;
}

/** Settings that every connection has. Each adapter adds its credentials. */
export interface ConnectionSettings {
  baseUrl: string;
  /** IANA time zone for the provider's times without a zone. */
  timeZone: string;
}

/**
 * A small secret that all processes share for one connection, such as a session at the provider. Stored
 * encrypted.
 */
export interface SharedState {
  read(): Promise<string | undefined>;
  /**
   * Replaces the value `seen` by the result of `make`. Only one process at a time makes a value; those that
   * wait get this value and do not make another. Returns the value that is now valid.
   */
  renew(seen: string | undefined, make: () => Promise<string>): Promise<string>;
}

export interface ProviderClient {
  submit(submission: Submission): Promise<SubmitOutcome>;
  /**
   * Submits up to `bulkSize` messages in as few requests as possible without losing the outcome of any of
   * them. Absent when the provider has no bulk request. Returns one outcome per submission, in the given
   * order; never rejects. A message that may have been accepted is `ambiguous` unless proven refused. A
   * single message is submitted as by `submit`.
   */
  submitMany?(submissions: readonly Submission[]): Promise<SubmitOutcome[]>;
  /** Splits messages into groups that fit into one request of `submitMany`. Present when `submitMany` is. */
  divide?(submissions: readonly Submission[]): Submission[][];
  /** Everything the provider knows about these messages now. Unknown messages are left out. */
  lookUp(messages: readonly SubmittedMessage[]): Promise<ProviderReply<Receipt[]>>;
  /**
   * Returns one outcome per submission, in the given order. Lists are read only once for all of them. Never
   * rejects.
   */
  reconcile(
    submissions: readonly UncertainSubmission[],
    support: ReconcileSupport,
  ): Promise<ReconcileOutcome[]>;
  /** Proves reachability and credentials without sending a message. */
  check(): Promise<ProviderReply<{ detail: string }>>;
  balance(): Promise<ProviderReply<BalanceReading>>;
  rates(query: RateQuery): Promise<ProviderReply<RateReading[]>>;
  /**
   * Takes receipts that the provider hands out only once. Returns the raw body, so that it can be stored
   * before `parseCallback` reads it. An undefined value: nothing was waiting. Only one process calls this at
   * a time.
   */
  drainReceipts?(): Promise<ProviderReply<{ body: string; contentType: string } | undefined>>;
  /** Messages from people since a time; present when `inbound` is POLL. */
  readInbound?(since: Date): Promise<ProviderReply<InboundList>>;
  cadenceGroups?(): Promise<ProviderReply<CadenceGroupReading[]>>;
  lookUpNumber?(number: E164): Promise<ProviderReply<NumberReading>>;
}

/**
 * For a provider that revises a final status for a while: it reports `Delivered` when only its gateway has
 * accepted the message.
 */
export interface RevisableStatus {
  status: ReportedStatus;
  by: readonly ReportedStatus[];
  withinHours: number;
}

export interface ProviderAdapter<Settings extends ConnectionSettings> {
  readonly kind: string;
  /** The provider's name for people. */
  readonly title: string;
  /** The base URL in the provider's documentation. */
  readonly documentedBaseUrl: string;
  /** Checks settings read from storage. `secretKeys` names the secret ones. */
  readonly settings: z.ZodType<Settings>;
  readonly secretKeys: readonly string[];
  readonly capabilities: ProviderCapabilities;
  readonly revisable?: RevisableStatus;
  readonly served: ServedWords;
  /** Undefined when this sender ID may be used for this text; otherwise the reason in plain words. */
  senderProblem(sender: string, text: string): string | undefined;
  createClient(settings: Settings, http: ProviderHttp, shared: SharedState): ProviderClient;
  /**
   * Accepts any string: returns a reading and never throws. `contentType` is the request's header, if it had
   * one.
   */
  parseCallback(body: string, settings: Settings, contentType?: string): CallbackReading;
}
