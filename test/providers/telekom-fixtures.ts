import type { ProviderClient, Submission } from "../../src/providers/provider.ts";
import { telekom, type TelekomSettings } from "../../src/providers/telekom/index.ts";
import type { Seen } from "./local-server.ts";
import { createMemoryState, type MemoryState } from "./memory-state.ts";
import { type Answer, checked, fixtures, openHttp, serveAnswers } from "./serve-answers.ts";

/** An example body of the Telekom SK documentation, byte for byte. */
export const fixture = fixtures("telekom");

export const token = "telekom-secret-token".padEnd(64, "0");

export const formats = ["JSON", "XML"] as const;
export type Format = (typeof formats)[number];

/** `name.json` or `name.xml`. */
export const inFormat = (format: Format, name: string): string => fixture(`${name}.${format.toLowerCase()}`);

export interface Connection extends Partial<Omit<TelekomSettings, "baseUrl">> {
  path?: string;
  /** Small for answers that never come. */
  totalTimeoutMs?: number;
  shared?: MemoryState;
  now?: () => number;
}

/** A client of the adapter, connected to a real HTTP server that answers as told. */
export async function connect(answerTo: (seen: Seen) => Answer, connection: Connection = {}) {
  const { origin, requests } = await serveAnswers(answerTo);
  return { client: openClient(origin, connection), requests };
}

export function openClient(origin: string, connection: Connection = {}): ProviderClient {
  const { path = "", totalTimeoutMs, shared = createMemoryState(), now, ...others } = connection;
  const settings = telekom.settings.parse({ token, baseUrl: `${origin}${path}`, ...others });
  return telekom.createClient(settings, openHttp(origin, totalTimeoutMs), shared, now);
}

/** What was asked for: the last part of the path. */
export const functionOf = ({ path }: Seen): string => path.slice(path.lastIndexOf("/") + 1);

export function success(content: object = {}): Answer {
  return { body: JSON.stringify({ result: { status: "success", description: "", code: "OK" }, ...content }) };
}

export function refusal(code: string, description = "Chyba", status = 200): Answer {
  return { status, body: JSON.stringify({ result: { status: "error", description, code } }) };
}

export const messageId = "0198a1b2-0000-7000-8000-000000000001";

export const submission: Submission = {
  messageId,
  to: checked("+421901234567"),
  from: "MyBrand",
  text: "Text that will be displayed to the recipient",
  encoding: "GSM7",
  segments: 1,
  flash: false,
  priority: "NORMAL",
  callbackUrl: "https://yourdomain.com/callbacks/secret",
};
