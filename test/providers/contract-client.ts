import { createServer } from "node:http";
import { once } from "node:events";
import type { HttpLimits, OpenProvider, RegisteredProvider } from "../../src/providers/registry.ts";
import type { ProviderClient, ProviderReply } from "../../src/providers/provider.ts";
import { type Contract, submission, type Variant } from "./contract-description.ts";
import type { Seen } from "./local-server.ts";
import { createMemoryState } from "./memory-state.ts";
import { type Answer, serveAnswers } from "./serve-answers.ts";
import { reconcileOne } from "./reconcile-one.ts";
import { atEnd } from "../support/side-by-side.ts";

/** One provider, spoken to in one way. */
export interface Subject {
  provider: RegisteredProvider;
  contract: Contract;
  variant: Variant;
}

/** Opens the provider as the application does, for the running test. */
export function open(
  { provider, contract, variant }: Subject,
  baseUrl: string,
  { credentials = contract.credentials, ...limits }: HttpLimits & { credentials?: object } = {},
): OpenProvider {
  const settings = { ...credentials, ...variant.settings, baseUrl };
  const opened = provider.open(settings, createMemoryState(), limits);
  atEnd(() => void opened.close());
  return opened;
}

/** Connected to a server that answers everything as told. */
export async function connect(subject: Subject, answerTo: (seen: Seen) => Answer, limits: HttpLimits = {}) {
  const { origin, requests } = await serveAnswers(answerTo);
  return { client: open(subject, origin, limits).client, requests };
}

/** The same, but only submissions are answered as told, and whatever surrounds them as in good times. */
export async function connectToSubmit(
  subject: Subject,
  answerTo: (seen: Seen) => Answer,
  limits: HttpLimits = {},
) {
  const { variant } = subject;
  const { client, requests } = await connect(
    subject,
    (seen) => (isSubmission(variant, seen) ? answerTo(seen) : (variant.aside?.(seen) ?? { status: 404 })),
    limits,
  );
  const submissions = () => requests.filter((seen) => isSubmission(variant, seen));
  return { client, requests, submissions };
}

const isSubmission = ({ request, bulk }: Variant, { path }: Pick<Seen, "path">): boolean =>
  path === request.path || path === bulk?.path;

/** A server that resets a submission once its head is there, while its body may still be on its way. */
export async function serveResets({ variant }: Subject): Promise<string> {
  const server = createServer((request, response) => {
    if (isSubmission(variant, { path: request.url ?? "" })) return void request.socket.resetAndDestroy();
    const nothing = { query: {}, search: new URLSearchParams(), body: "" };
    const seen = { method: "POST", path: request.url ?? "", headers: request.headers, ...nothing };
    const answer = variant.aside?.(seen) ?? {};
    request.resume();
    response.end(typeof answer === "object" ? answer.body : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.close().closeAllConnections();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  return `http://127.0.0.1:${address.port}`;
}

const { messageId, to, from, text } = submission;
const asked = { messageId, to };
const providerMessageId = "100427";

export type Question = keyof typeof questions;

type Ask = (client: ProviderClient) => Promise<ProviderReply<unknown>> | undefined;

/** Everything that can be asked of a client; undefined where it lacks the method. */
export const questions = {
  check: (client) => client.check(),
  balance: (client) => client.balance(),
  rates: (client) => client.rates({ mccmnc: "23101" }),
  lookUp: (client) => client.lookUp([{ ...asked, providerMessageId }]),
  reconcile: (client) => reconcile(client),
  cadenceGroups: (client) => client.cadenceGroups?.(),
  lookUpNumber: (client) => client.lookUpNumber?.(to),
  drainReceipts: (client) => client.drainReceipts?.(),
} as const satisfies Record<string, Ask>;

/** The questions that this provider can be asked, as it declares itself. */
export function askable({ provider, contract, variant }: Subject): readonly Question[] {
  const { balance, rates, cadenceGroups, numberLookup, receiptQueue } = provider.capabilities;
  const isAskable: Record<Question, boolean> = {
    check: true,
    balance,
    rates,
    lookUp: variant.lookedUp !== undefined,
    reconcile: contract.reconciles,
    cadenceGroups,
    lookUpNumber: numberLookup,
    drainReceipts: receiptQueue,
  };
  return allQuestions.filter((question) => isAskable[question]);
}

export const allQuestions = Object.keys(questions) as readonly Question[];

/** As a question like any other. */
async function reconcile(client: ProviderClient): Promise<ProviderReply<unknown>> {
  const outcome = await reconcileOne(client, { ...asked, from, text, attemptedAt: new Date() });
  return outcome.kind === "unavailable"
    ? { ok: false, problem: outcome.problem }
    : { ok: true, value: outcome };
}
