import type { ProviderClient, Submission } from "../../src/providers/provider.ts";
import { tikosms } from "../../src/providers/tikosms/index.ts";
import type { Seen } from "./local-server.ts";
import { type Answer, checked, fixtures, openHttp, serveAnswers } from "./serve-answers.ts";

export { type Answer, checked, json } from "./serve-answers.ts";

/** An example body of the TikoSMS documentation or OpenAPI file, byte for byte. */
export const fixture = fixtures("tikosms");

/** The one row of the documented answer of `get_message`. */
export const [documentedRow] = JSON.parse(fixture("get_message.200.json")).data;

export const token = "12|tikosms-secret-token";

interface Connection {
  path?: string;
  timeZone?: string;
  /** Small for answers that never come. */
  totalTimeoutMs?: number;
}

/** A client of the adapter, connected to a real HTTP server that answers as told. */
export async function connect(answerTo: (seen: Seen) => Answer, connection: Connection = {}) {
  const { origin, requests } = await serveAnswers(answerTo);
  return { client: openClient(origin, connection), requests };
}

export function openClient(origin: string, connection: Connection = {}): ProviderClient {
  const { path = "", timeZone, totalTimeoutMs } = connection;
  const settings = tikosms.settings.parse({ baseUrl: `${origin}${path}`, timeZone, apiToken: token });
  return tikosms.createClient(settings, openHttp(origin, totalTimeoutMs));
}

/** A router's 404: Laravel's JSON, which lacks the application's `success` and `error`. */
export const routeMissing: Answer = {
  status: 404,
  body: '{"message":"The route v1/message could not be found."}',
};

export const messageId = "0198a1b2-0000-7000-8000-000000000001";

export const submission: Submission = {
  messageId,
  to: checked("+380501234567"),
  from: "MySender",
  text: "Your OTP is 1234",
  encoding: "GSM7",
  segments: 1,
  flash: false,
  priority: "NORMAL",
  callbackUrl: "https://yourdomain.com/sms-callback",
};
