import type { ProviderClient, Submission } from "../../src/providers/provider.ts";
import { qikli, type QikliSettings } from "../../src/providers/qikli/index.ts";
import type { Seen } from "./local-server.ts";
import { type Answer, checked, fixtures, openHttp, serveAnswers } from "./serve-answers.ts";

export { type Answer, checked, json } from "./serve-answers.ts";

/** An example body of the Qikli documentation, byte for byte, or with the structure it lost put back. */
export const fixture = fixtures("qikli");

/** The credentials of the documentation's example. */
export const credentials = { username: "Aladdin", password: "open sesame" };
export const authorization = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

export const xmlHeaders = { "content-type": "application/xml" };

interface Connection extends Partial<QikliSettings> {
  path?: string;
  /** Small for answers that never come. */
  totalTimeoutMs?: number;
}

/** A client of the adapter, connected to a real HTTP server that answers as told. */
export async function connect(answerTo: (seen: Seen) => Answer, connection: Connection = {}) {
  const { origin, requests } = await serveAnswers(answerTo);
  return { client: openClient(origin, connection), requests };
}

export function openClient(origin: string, connection: Connection = {}): ProviderClient {
  const { path = "", totalTimeoutMs, ...own } = connection;
  const settings = qikli.settings.parse({ ...credentials, ...own, baseUrl: `${origin}${path}` });
  return qikli.createClient(settings, openHttp(origin, totalTimeoutMs));
}

export const messageId = "0198a1b2-0000-7000-8000-000000000001";

export const submission: Submission = {
  messageId,
  to: checked("+233205072987"),
  from: "SAMPLE",
  text: "A long time ago, in a galaxy far, far away",
  encoding: "GSM7",
  segments: 1,
  flash: false,
  priority: "NORMAL",
  callbackUrl: "https://example.com/dlr/secret",
};

export interface StatusRow {
  groupId?: unknown;
  groupName?: unknown;
  id?: unknown;
  name?: unknown;
  description?: unknown;
  action?: unknown;
}

export const accepted: StatusRow = {
  groupId: 1,
  groupName: "PENDING",
  id: 26,
  name: "MESSAGE_ACCEPTED",
  description: "Message sent to next instance",
};

export const duplicate: StatusRow = {
  groupId: 5,
  groupName: "REJECTED",
  id: 23,
  name: "REJECTED_DUPLICATE_MESSAGE_ID",
  description: "Message id is not unique",
};

/** The answer with one verdict on the message of the tests. */
export function verdict(status: StatusRow, row: object = {}): object {
  return { bulkId: "bulk-1", messages: [{ to: "233205072987", status, messageId, ...row }] };
}

/** The platform's error. */
export function requestError(word: string, text: string, validationErrors?: unknown): object {
  return { requestError: { serviceException: { messageId: word, text, validationErrors } } };
}
