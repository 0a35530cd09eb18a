import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request to send one message, as it was read off the wire. */
export interface Request {
  /** Our message id: TikoSMS's `client_ref`. */
  reference: string;
  to: string;
  from: string;
  text: string;
  callbackUrl: string;
}

type Outcome =
  | "answer"
  | "hang"
  | "reset"
  | "busy"
  | "busy for long"
  | "fail"
  | "empty"
  | "no rate"
  | "wrong number";

/** What the double does with one request. Every wait is a promise that the test holds. */
export interface Plan {
  /** Waited for before the request is decided on. */
  before?: Promise<unknown>;
  /**
   * `hang` and `reset` accept it without an answer. The others but `answer` do not accept it: `busy` answers 429 (`busy for long` says a minute), `fail`
   * 500, `empty` 402, `no rate` 403 and `wrong number` 422.
   */
  outcome?: Outcome;
  /** The words of a refusal, instead of the usual ones. */
  words?: string;
  /** Waited for between accepting and answering. */
  answer?: Promise<unknown>;
  /** Waited for before the callbacks are posted; never, if the message is never reported. */
  report?: Promise<unknown> | "never";
}

/** A message that the double accepted, and would send to a telephone. */
export interface Accepted extends Request {
  messageId: string;
  campaignId: string;
  createdAt: Date;
  status: "SENT" | "DELIVRD";
}

export interface Callback {
  reference: string;
  status: "SENT" | "DELIVRD";
  /** The answer; 0 when there was none. */
  answer: number;
}

export interface ProviderDouble {
  url: string;
  token: string;
  /** What to do with the next requests. */
  plan: (request: Request) => Plan;
  /** Every request to send, in the order of arrival, accepted or not. */
  requests: readonly (Request & { outcome: Outcome })[];
  accepted: readonly Accepted[];
  /** Every try to post a callback, in the order of its end. A callback is tried until it is answered 200. */
  callbacks: readonly Callback[];
  close(): Promise<void>;
}

/** How long after an answer other than 200 a callback is posted again. */
const repeatMs = 100;

/**
 * A second TikoSMS, for what the sandbox cannot show: it notes every submission where no crash of ours can reach
 * it, and does with each exactly what the test says.
 */
export async function startProviderDouble(): Promise<ProviderDouble> {
  const requests: (Request & { outcome: Outcome })[] = [];
  const accepted: Accepted[] = [];
  const callbacks: Callback[] = [];
  const token = randomUUID();
  const closing = new AbortController();
  const { signal } = closing;

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const double: ProviderDouble = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    plan: () => ({}),
    requests,
    accepted,
    callbacks,
    async close() {
      closing.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return double;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", double.url);
    const body = await text(incoming);
    if (incoming.headers.authorization !== `Bearer ${token}`)
      return answer(response, 401, { error: "User not authenticated" });
    switch (`${incoming.method} ${pathname}`) {
      case "POST /v1/message":
        return take(readRequest(body), response);
      case "POST /v1/messages":
        return takeTogether(readRequests(body), response);
      case "GET /v1/get_messages":
        return answer(response, 200, { success: true, campaigns: accepted.map(toCampaign) });
      case "GET /v1/get_message":
        return answerRows(response, accepted.filter(isWanted(searchParams)));
      case "GET /v1/balance":
        return answer(response, 200, {
          balance_updated: "2025.07.03 13:34:34",
          currency_code: "EUR",
          balance: 634.9288,
          in_credit_limit: 1000,
        });
      default:
        return answer(response, 404, { message: "The route could not be found." });
    }
  }

  async function take(request: Request, response: ServerResponse): Promise<void> {
    const plan = double.plan(request);
    const { outcome = "answer" } = plan;
    requests.push({ ...request, outcome });
    await plan.before;
    const refusal = refusals[outcome];
    if (refusal?.retryAfter) response.setHeader("retry-after", refusal.retryAfter);
    if (refusal) return answer(response, refusal.status, inWords(refusal.content, plan.words));
    const message = accept(request);
    void report(message, plan.report);
    await plan.answer;
    if (outcome === "hang") return;
    if (outcome === "reset") return void response.destroy();
    const { messageId: message_id, campaignId: campaign_id } = message;
    answer(response, 200, { success: true, message_id, campaign_id });
  }

  /** Messages of one request share their fate, which is that of the first, and their campaign. */
  async function takeTogether(together: readonly Request[], response: ServerResponse): Promise<void> {
    const [first] = together;
    if (!first) throw new Error("a request without recipients");
    const plan = double.plan(first);
    const { outcome = "answer" } = plan;
    requests.push(...together.map((request) => ({ ...request, outcome })));
    await plan.before;
    const refusal = refusals[outcome];
    if (refusal) return answer(response, refusal.status, inWords(refusal.content, plan.words));
    const campaignId = randomUUID();
    for (const request of together) void report(accept(request, campaignId), plan.report);
    await plan.answer;
    if (outcome === "hang") return;
    if (outcome === "reset") return void response.destroy();
    answer(response, 200, { success: true, campaign_id: campaignId });
  }

  function accept(request: Request, campaignId: string = randomUUID()): Accepted {
    const message: Accepted = {
      ...request,
      messageId: randomUUID(),
      campaignId,
      createdAt: new Date(),
      status: "SENT",
    };
    accepted.push(message);
    return message;
  }

  async function report(message: Accepted, when: Plan["report"]): Promise<void> {
    if (when === "never") return;
    await when;
    await postUntilTaken(message, "create");
    message.status = "DELIVRD";
    await postUntilTaken(message, "update");
  }

  async function postUntilTaken(message: Accepted, event: "create" | "update"): Promise<void> {
    while (!signal.aborted) {
      const status = await post(message, event);
      callbacks.push({ reference: message.reference, status: message.status, answer: status });
      if (status === 200) return;
      await new Promise((done) => setTimeout(done, repeatMs));
    }
  }

  async function post(message: Accepted, event: "create" | "update"): Promise<number> {
    const body = JSON.stringify({ [event]: toRow(message) });
    const headers = { "content-type": "application/json", "user-agent": "TikoSMS-Callback/1.0" };
    try {
      const response = await fetch(message.callbackUrl, { method: "POST", headers, body, signal });
      await response.text();
      return response.status;
    } catch {
      return 0;
    }
  }
}

const refusals: Partial<Record<Outcome, { status: number; content: object; retryAfter?: string }>> = {
  "busy for long": { status: 429, content: { message: "Too Many Attempts." }, retryAfter: "60" },
  busy: { status: 429, content: { message: "Too Many Attempts." } },
  empty: { status: 402, content: { message: "Insufficient balance." } },
  fail: { status: 500, content: { message: "Server Error" } },
  "no rate": {
    status: 403,
    content: { success: false, error: "No SMS rate is available for this destination for your account." },
  },
  "wrong number": {
    status: 422,
    content: { success: false, error: "Oops! We couldn't find this number in any country on Earth." },
  },
};

const inWords = (content: object, words: string | undefined): object =>
  words === undefined
    ? content
    : Object.fromEntries(
        Object.entries(content).map(([key, value]) => [key, value === false ? value : words]),
      );

function readRequest(body: string): Request {
  const { client_ref, to, from, message, callback_url } = JSON.parse(body) as Record<string, string>;
  if (!client_ref || !to || !from || !message || !callback_url) throw new Error("an incomplete request");
  return { reference: client_ref, to, from, text: message, callbackUrl: callback_url };
}

function readRequests(body: string): Request[] {
  const { recipients, ...common } = JSON.parse(body) as { recipients: object[] };
  return recipients.map((recipient) => readRequest(JSON.stringify({ ...common, ...recipient })));
}

const toCampaign = ({ campaignId, from, text: message, createdAt }: Accepted): object => ({
  campaign_id: campaignId,
  sender: from,
  message,
  recipients: 1,
  created_at: createdAt.toISOString(),
  updated_at: createdAt.toISOString(),
});

const toRow = ({ messageId, campaignId, to, status, createdAt, reference }: Accepted): object => ({
  message_id: messageId,
  campaign_id: campaignId,
  to,
  status,
  mccmnc: "23101",
  cost: "0.050",
  part: 1,
  total_parts: 1,
  sent_at: createdAt.toISOString().slice(0, 19).replace("T", " "),
  client_ref: reference,
});

function isWanted(query: URLSearchParams): (message: Accepted) => boolean {
  const [messageId, campaignId] = [query.get("message_id"), query.get("campaign_id")];
  return (message) => message.messageId === messageId || message.campaignId === campaignId;
}

function answerRows(response: ServerResponse, messages: readonly Accepted[]): void {
  if (messages.length === 0) answer(response, 404, { success: false, error: "Message(s) not found" });
  else answer(response, 200, { success: true, data: messages.map(toRow) });
}

function answer(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
}
