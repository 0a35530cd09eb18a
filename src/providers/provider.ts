import type { DecimalText } from "../lib/money.ts";
import type { z } from "zod";
import type { FailureCode } from "./failure-codes.ts";
import type { ProviderHttp } from "./http.ts";

/**
 * What a provider is to the rest of smsgraph. An adapter knows one vendor's wire format and nothing of our
 * storage: it gets checked values and returns outcomes as values. Every adapter passes the same contract suite.
 */

declare const e164Brand: unique symbol;
/** A phone number checked and normalised to E.164, with its leading `+`. */
export type E164 = string & { readonly [e164Brand]: true };

/** The statuses a provider can report; the words of each provider are mapped onto these. */
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

/** A provider's status words, upper-cased, with their meaning. A word that is absent means UNKNOWN. */
export type StatusMap = Readonly<Record<string, ReportedStatus>>;

/** Why a message did not or will not arrive. */
export interface MessageFailure {
  /** Stable snake_case word for programs, e.g. `no_rate`. */
  code: FailureCode;
  /** Plain words for people; the provider's own text where it gave one. */
  text: string;
  /** True when sending the same message again cannot help. */
  permanent: boolean;
}

/** One message as it is handed to a provider. */
export interface Submission {
  /** Our message id (UUID): sent as the provider's client reference, unique for ever. */
  messageId: string;
  to: E164;
  from: string;
  text: string;
  encoding: "GSM7" | "UCS2";
  segments: number;
  /** Shown at once and not kept by the phone (class 0). */
  flash: boolean;
  priority: "LOW" | "NORMAL" | "HIGH";
  /** Minutes from now on in which delivery is worth trying; absent: the provider's default. */
  validityMinutes?: number;
  /** When to deliver, for a provider that holds messages itself; absent: now. */
  deliverAt?: Date;
  /** The provider's own id of a cadence group. */
  cadenceGroupId?: string;
  /** The template registered with the Indian DLT platform. */
  dltTemplateId?: string;
  /** Where the provider posts receipts for this message; absent when we cannot be reached. */
  callbackUrl?: string;
}

/** What became of an attempt to submit. Only `retryable` may ever be tried again. */
export type SubmitOutcome =
  | { kind: "accepted"; providerMessageId?: string; providerBatchId?: string }
  | { kind: "rejected"; status: "REJECTED" | "FAILED"; failure: MessageFailure }
  /** Proven not accepted: nothing was written, or the provider said it did not take it. */
  | {
      kind: "retryable";
      reason: string;
      retryAfterSeconds?: number;
      /** Refused since the account is empty: true of every message until it is topped up. */
      noCredit?: true;
    }
  /** Written, not answered (or not understandably): never resend blindly. */
  | { kind: "ambiguous"; reason: string };

/** One delivery report, as understood; from a callback, a poll or a reconciliation alike. */
export interface Receipt {
  providerMessageId?: string;
  providerBatchId?: string;
  /** Our own message id, where the provider echoes it. */
  clientRef?: string;
  status: ReportedStatus;
  /** The provider's own word, untouched. */
  providerStatus: string;
  /** The provider's clock, where it gave a time. */
  occurredAt?: Date;
  /** Which part of a multipart message this reports on, from 1. */
  part: number;
  parts: number;
  /** What the provider charged for this part. */
  cost?: DecimalText;
  /** ISO 4217, where the report says it; absent: the currency of the account. */
  costCurrency?: string;
  /** Mobile country and network code as reported, digits only. */
  mccmnc?: string;
  failure?: MessageFailure;
}

export type CallbackReading =
  /** `problem`: what beside the receipts could not be read; undefined when everything could. */
  | { kind: "receipts"; receipts: Receipt[]; problem?: string }
  /** Well-formed, but not a receipt we know: stored and quarantined. */
  | { kind: "unreadable"; reason: string }
  /** Not even the provider's syntax: refused at the door. */
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

/** A submission whose outcome is unknown, to be found by the provider's own means. */
export interface UncertainSubmission {
  messageId: string;
  to: E164;
  from: string;
  text: string;
  attemptedAt: Date;
  /** As they were submitted, where they were: a provider that is asked by sending again needs the same request. */
  flash?: boolean;
  validityMinutes?: number;
  deliverAt?: Date;
  callbackUrl?: string;
}

/** What an adapter asks us while it finds submissions by the provider's own means. */
export interface ReconcileSupport {
  /**
   * Those of these ids that messages of ours have already. A provider that cannot tell whose a message is must not
   * give them out again.
   */
  knownIds(providerMessageIds: readonly string[]): Promise<ReadonlySet<string>>;
  knownBatches(providerBatchIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Takes the one right to send the message once more in order to ask. Remembered before this resolves, since this
   * process may end before the answer. False: it is not to be sent.
   */
  claimResend(messageId: string): Promise<boolean>;
  /** It was not sent after all, for certain. */
  returnResend(messageId: string): Promise<void>;
}

export type ReconcileOutcome =
  /** The provider has it: its ids and everything it says of it. */
  | { kind: "found"; providerMessageId?: string; providerBatchId?: string; receipts: Receipt[] }
  /** The provider was asked and does not list it (yet). */
  | { kind: "absent" }
  | { kind: "unavailable"; problem: ProviderProblem };

/** Why a provider could not be asked, or did not answer usefully. Never contains credentials. */
export interface ProviderProblem {
  kind:
    | "unreachable"
    | "unauthenticated"
    | "busy"
    | "not_found"
    | "refused"
    | "unreadable"
    /** It was not asked: other requests go first. Ask again later. */
    | "deferred";
  detail: string;
  retryAfterSeconds?: number;
}

export type ProviderReply<Value> = { ok: true; value: Value } | { ok: false; problem: ProviderProblem };

/** Money, or the provider's own units; exactly one of `amount` and `units`. */
export interface BalanceReading {
  amount?: DecimalText;
  /** ISO 4217; comes with `amount`. */
  currency?: string;
  units?: DecimalText;
  /** How far below zero the provider lets the account go; never added to the balance. */
  creditLimit?: DecimalText;
  providerUpdatedAt?: Date;
}

export interface RateReading {
  mcc: string;
  /** Absent: the whole country. */
  mnc?: string;
  country?: string;
  /** Price of one segment, in the currency of the account's balance. */
  price: DecimalText;
  validFrom?: Date;
  /** Absent: open end. */
  validUntil?: Date;
}

export interface RateQuery {
  /** MCC alone, or MCC and MNC together. */
  mccmnc: string;
  country?: string;
}

/** A group through which a provider paces its messages. */
export interface CadenceGroupReading {
  id: string;
  name: string;
  paused: boolean;
  note?: string;
}

/** What a provider says of a phone number. */
export interface NumberReading {
  valid: boolean;
  /** The provider's own words. */
  detail?: string;
  network?: string;
  mccmnc?: string;
}

/** What a provider can do. Asking for anything else is refused before a message is stored. */
export interface ProviderCapabilities {
  receipts: "CALLBACK" | "POLL";
  /** Whether receipts also wait in a queue that hands each out once. */
  receiptQueue: boolean;
  flash: boolean;
  /** Whether the provider itself would hold messages until a time; we hold them ourselves all the same. */
  scheduling: boolean;
  /** Longest validity period the sender may choose, in minutes; null when there is no choice. */
  longestValidityMinutes: number | null;
  /** Whether the provider takes a priority of the sender's choice. */
  priority: boolean;
  /** Whether the caller may force UCS-2 for a text that fits GSM-7. */
  unicodeControl: boolean;
  cadenceGroups: boolean;
  dltTemplates: boolean;
  numberLookup: boolean;
  balance: boolean;
  rates: boolean;
  /** Messages in one `submitMany` at most; 1 where the provider has no form for many that tells of each. */
  bulkSize: number;
  /** Longest alphanumeric sender, in characters. */
  senderMaxLength: number;
  /** Longest sender of digits only. */
  senderMaxDigits: number;
  /** Longest text in segments. */
  maxSegments: number;
}

/** Settings every connection has; each adapter adds its credentials. */
export interface ConnectionSettings {
  baseUrl: string;
  /** IANA zone in which the provider's zone-less times are read. */
  timeZone: string;
}

/**
 * A small secret that all processes share for one connection, such as a session at the provider. Kept encrypted.
 */
export interface SharedState {
  read(): Promise<string | undefined>;
  /**
   * Replaces the value `seen` by what `make` returns. One process at a time makes one; whoever waited meanwhile
   * gets the new value without making another. Returns the value that holds.
   */
  renew(seen: string | undefined, make: () => Promise<string>): Promise<string>;
}

export interface ProviderClient {
  submit(submission: Submission): Promise<SubmitOutcome>;
  /**
   * Submits up to `bulkSize` messages in as few requests as keep the truth about each of them; absent where the
   * provider has no such form. One outcome for each submission, in the order given; never rejects. What may have
   * been taken and is not proven refused is `ambiguous`, one by one. One message alone is submitted as by `submit`.
   */
  submitMany?(submissions: readonly Submission[]): Promise<SubmitOutcome[]>;
  /** Divides messages into those that one request of `submitMany` carries. Comes with it. */
  divide?(submissions: readonly Submission[]): Submission[][];
  /** Everything the provider says of these messages now. Messages it does not know are simply missing. */
  lookUp(messages: readonly SubmittedMessage[]): Promise<ProviderReply<Receipt[]>>;
  /** One outcome for each submission, in the order given: lists are read once for all of them. Never rejects. */
  reconcile(
    submissions: readonly UncertainSubmission[],
    support: ReconcileSupport,
  ): Promise<ReconcileOutcome[]>;
  /** Proves reachability and credentials without sending anything. */
  check(): Promise<ProviderReply<{ detail: string }>>;
  balance(): Promise<ProviderReply<BalanceReading>>;
  rates(query: RateQuery): Promise<ProviderReply<RateReading[]>>;
  /**
   * Takes receipts that the provider hands out only once. The raw body comes back unread, so that it is stored
   * before it is understood (by `parseCallback`). Undefined value: nothing was waiting. Called by one process at a
   * time.
   */
  drainReceipts?(): Promise<ProviderReply<{ body: string; contentType: string } | undefined>>;
  cadenceGroups?(): Promise<ProviderReply<CadenceGroupReading[]>>;
  lookUpNumber?(number: E164): Promise<ProviderReply<NumberReading>>;
}

/** A provider that takes a final status back, for a while: `Delivered` written when only its gateway accepted. */
export interface RevisableStatus {
  status: ReportedStatus;
  by: readonly ReportedStatus[];
  withinHours: number;
}

export interface ProviderAdapter<Settings extends ConnectionSettings> {
  readonly kind: string;
  /** The provider's name as people write it. */
  readonly title: string;
  /** The base URL its documents print. */
  readonly documentedBaseUrl: string;
  /** Checks settings read from storage; which of its keys are secret is said by `secretKeys`. */
  readonly settings: z.ZodType<Settings>;
  readonly secretKeys: readonly string[];
  readonly capabilities: ProviderCapabilities;
  readonly revisable?: RevisableStatus;
  /** Undefined when this sender may be used for this text, else what is wrong in plain words. */
  senderProblem(sender: string, text: string): string | undefined;
  createClient(settings: Settings, http: ProviderHttp, shared: SharedState): ProviderClient;
  /** Total: any string gives a reading, never an exception. `contentType` as the request named it, if it did. */
  parseCallback(body: string, settings: Settings, contentType?: string): CallbackReading;
}
