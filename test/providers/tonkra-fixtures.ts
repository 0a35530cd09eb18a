import { expect } from "vitest";
import type { ProviderClient, Submission } from "../../src/providers/provider.ts";
import { tonkra } from "../../src/providers/tonkra/index.ts";
import type { Seen } from "./local-server.ts";
import { type Answer, checked, fixtures, openHttp, rejection, serveAnswers } from "./serve-answers.ts";

/** A body of the Tonkra documentation, or as public clients print it (`real.…`), byte for byte. */
export const fixture = fixtures("tonkra");

/** Has to be written otherwise in an address: a pipe, as in the documentation's own. */
export const token = "255|tonkra-secret-token";

interface Connection {
  path?: string;
  timeZone?: string;
  api?: "HTTP" | "V3";
  apiToken?: string;
  /** Small for answers that never come. */
  totalTimeoutMs?: number;
}

/** A client of the adapter, connected to a real HTTP server that answers as told. */
export async function connect(answerTo: (seen: Seen) => Answer, connection: Connection = {}) {
  const { origin, requests } = await serveAnswers(answerTo);
  return { client: openClient(origin, connection), requests };
}

export function openClient(origin: string, connection: Connection = {}): ProviderClient {
  const { path = "", totalTimeoutMs, apiToken = token, ...others } = connection;
  const settings = tonkra.settings.parse({ baseUrl: `${origin}${path}`, apiToken, ...others });
  return tonkra.createClient(settings, openHttp(origin, totalTimeoutMs));
}

export const messageId = "0198a1b2-0000-7000-8000-000000000001";

export const submission: Submission = {
  messageId,
  to: checked("+31612345678"),
  from: "YourName",
  text: "This is a test message",
  encoding: "GSM7",
  segments: 1,
  flash: false,
  priority: "NORMAL",
  callbackUrl: "https://yourdomain.com/sms-callback",
};

export function rejected(status: string, code: string, permanent: boolean): object {
  return rejection(expect.stringMatching(/\w/), status, code, permanent);
}
