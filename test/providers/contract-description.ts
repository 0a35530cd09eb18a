import { existsSync } from "node:fs";
import type { Submission, SubmitOutcome } from "../../src/providers/provider.ts";
import { type ProviderKind, registry } from "../../src/providers/registry.ts";
import type { Question } from "./contract-client.ts";
import type { Seen } from "./local-server.ts";
import { type Answer, checked } from "./serve-answers.ts";

/** What the contract suite has to know of a provider, beside what the registry says. */
export interface Contract {
  /** Settings that are credentials, the secret ones included. */
  credentials: Readonly<Record<string, string>>;
  /** Whether a submission whose answer was lost can be found again. */
  reconciles: boolean;
  /** Each way in which the provider can be spoken to: format, version of its API, session. */
  variants: readonly [Variant, ...Variant[]];
  /** Absent for a provider that posts no receipts. */
  callbacks?: {
    /** Recorded ones, of every kind and format there is. */
    bodies: readonly string[];
    /** A receipt with this word for its status, in every format there is. */
    withStatus: (word: string) => readonly string[];
  };
}

export interface Variant {
  name: string;
  /** Beside base URL and credentials. */
  settings: Readonly<Record<string, unknown>>;
  mediaType: "application/json" | "application/xml";
  /** How `submission` has to arrive. */
  request: { path: string; headers: Readonly<Record<string, string>>; content: object };
  /** A recorded answer that accepts `submission`. */
  accepted: string;
  acceptedIds: { providerMessageId?: string; providerBatchId?: string };
  /** A recorded answer that refuses it. */
  rejected: { answer: Answer; status: "REJECTED" | "FAILED"; code: string };
  /** Absent where every message needs a request of its own. */
  bulk?: BulkDescription;
  /** Answers with a verdict on more than one message, or on part of the request. */
  partial?: readonly [name: string, answer: Answer, outcome: Partial<SubmitOutcome>][];
  /** Answers in the provider's own syntax that say neither yes nor no. */
  unclear: readonly [name: string, answer: Answer][];
  /** The body of an error with this text. */
  errorBody: (text: string) => string;
  /** Answers what is asked for around a submission, such as a session. */
  aside?: (seen: Seen) => Answer | undefined;
  /** The answer to a look-up of the message `id` whose status is this word; absent where none is possible. */
  lookedUp?: (id: string, word: string) => string;
  /** What the sandbox twin is started with, to be spoken to in this way. */
  twinChosen?: Readonly<Record<string, string>>;
  /** Questions to which an empty body is an answer: nothing waits, nothing is known. */
  emptyIsFine?: readonly Question[];
}

/** What is said of one of several messages in one answer. */
export type Told = readonly [message: Submission, verdict: "accepted" | "rejected"];

/** How several messages go into one request. */
export interface BulkDescription {
  path: string;
  /** The messages in a request. */
  read: (body: string) => readonly WrittenMessage[];
  /** The body of an answer with these verdicts, in this order. Where it names the batch alone, they do not matter. */
  answer: (told: readonly Told[]) => string;
  /** Whether the answer tells of each message, and not of the batch alone. */
  tellsOfEach: boolean;
  /** Refuses a request because of one message in it, whose number this is; absent where others could be taken. */
  refusing?: (digits: string) => Answer;
}

/** A message as it is found in a request. `messageId` is there where the provider takes it. */
export interface WrittenMessage {
  messageId?: string;
  to: string;
  from: string;
  text: string;
  /** Flash and validity, where the request has them. */
  flash?: boolean;
  validityMinutes?: number;
}

/** The message that every provider is given. */
export const submission: Submission = {
  messageId: "0198a1b2-0000-7000-8000-00000000c0de",
  to: checked("+421901234567"),
  from: "MyBrand",
  text: "Your code is 1234",
  encoding: "GSM7",
  segments: 1,
  flash: false,
  priority: "NORMAL",
  callbackUrl: "https://example.com/callbacks/contract",
};

export const digits = "421901234567";

const fileOf = (kind: string): string => `contract-${kind.toLowerCase()}.ts`;

/** Every registered provider with its description, as far as there is one. */
export async function loadContracts(): Promise<{ kind: ProviderKind; contract: Contract | undefined }[]> {
  const kinds = Object.keys(registry) as ProviderKind[];
  return Promise.all(kinds.map(async (kind) => ({ kind, contract: await loadContract(kind) })));
}

async function loadContract(kind: string): Promise<Contract | undefined> {
  const file = new URL(fileOf(kind), import.meta.url);
  if (!existsSync(file)) return undefined;
  const { contract } = (await import(file.href)) as { contract?: Contract };
  return contract;
}

export const missingText = (kind: string): string =>
  `${kind} is registered, but not described: add test/providers/${fileOf(kind)} and export from it ` +
  "`contract`, a `Contract` (contract-description.ts), with one variant for each way the provider can be spoken to.";
