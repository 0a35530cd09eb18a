import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { createProviderHttp } from "../../src/providers/http.ts";
import type { E164, ProviderClient, Submission } from "../../src/providers/provider.ts";
import { tikosms } from "../../src/providers/tikosms/index.ts";
import { type Seen, serveHttp } from "./local-server.ts";

/** An example body of the TikoSMS documentation or OpenAPI file, byte for byte. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/tikosms/${name}`, import.meta.url), "utf8");
}

/** The one row of the documented answer of `get_message`. */
export const [documentedRow] = JSON.parse(fixture("get_message.200.json")).data;

export const token = "12|tikosms-secret-token";

/** What a simulated TikoSMS answers; a function instead takes the connection into its own hands. */
export type Answer =
  | { status?: number; body?: string; headers?: Record<string, string> }
  | ((response: ServerResponse) => void);

interface Connection {
  path?: string;
  timeZone?: string;
  /** Small for answers that never come. */
  totalTimeoutMs?: number;
}

/** A client of the adapter, connected to a real HTTP server that answers as told. */
export async function connect(answerTo: (seen: Seen) => Answer, connection: Connection = {}) {
  const { origin, requests } = await serveHttp((seen, response) => {
    const answer = answerTo(seen);
    if (typeof answer === "function") return answer(response);
    const { status = 200, body = "", headers = { "content-type": "application/json" } } = answer;
    response.writeHead(status, headers).end(body);
  });
  return { client: openClient(origin, connection), requests };
}

export function openClient(origin: string, connection: Connection = {}): ProviderClient {
  const { path = "", timeZone, totalTimeoutMs } = connection;
  const http = createProviderHttp({ origin, totalTimeoutMs });
  onTestFinished(() => void http.close());
  const settings = tikosms.settings.parse({ baseUrl: `${origin}${path}`, timeZone, apiToken: token });
  return tikosms.createClient(settings, http);
}

/** A router's 404: Laravel's JSON, which lacks the application's `success` and `error`. */
export const routeMissing: Answer = {
  status: 404,
  body: '{"message":"The route v1/message could not be found."}',
};

export function json(value: unknown, status = 200): Answer {
  return { status, body: JSON.stringify(value) };
}

/** Stands in for the domain's check of a number. */
export function checked(number: string): E164 {
  if (!isE164(number)) throw new Error(`${number} is not E.164`);
  return number;
}

function isE164(number: string): number is E164 {
  return /^\+[1-9]\d{6,14}$/.test(number);
}

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
