import { request } from "undici";
import { onTestFinished } from "vitest";
import {
  type QikliSandbox,
  type QikliSandboxOptions,
  startQikliSandbox,
} from "../../src/sandbox/qikli/index.ts";
import type { CallbackReceiver } from "./callback-receiver.ts";

export const sendPath = "/sms/2/text/advanced";
export const reportsPath = "/sms/1/reports";

/** A sandbox that does everything at once, for the running test. */
export async function startQikli(options: QikliSandboxOptions = {}): Promise<QikliSandbox> {
  const sandbox = await startQikliSandbox({ delays: { reportMs: 0, batchMs: 0 }, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

export interface QikliCall {
  body?: unknown;
  query?: Record<string, string>;
  /** Null leaves a header out. */
  headers?: Record<string, string | null>;
  signal?: AbortSignal;
}

/** A client as plain as possible: what the sandbox answers is read as JSON where it says so, and as text else. */
export async function callQikli(
  { url, username, password }: QikliSandbox,
  method: "GET" | "POST",
  path: string,
  { body, query, headers, signal }: QikliCall = {},
) {
  const usual = {
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
    "content-type": "application/json",
    accept: "application/json",
    ...headers,
  };
  const given = Object.entries(usual).filter((entry): entry is [string, string] => entry[1] !== null);
  const answer = await request(`${url}${path}`, {
    method,
    ...(query && { query }),
    ...(signal && { signal }),
    headers: Object.fromEntries(given),
    body: typeof body === "string" || body === undefined ? (body ?? null) : JSON.stringify(body),
  });
  const content = await answer.body.text();
  const isJson = answer.headers["content-type"] === "application/json";
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: content,
    body: isJson ? JSON.parse(content) : undefined,
  };
}

/** One message to the scenario of this suffix. */
export function message(suffix: string, callbacks?: CallbackReceiver, more: object = {}) {
  const destinations = [{ to: `421901000${suffix}`, messageId: `order-${suffix}` }];
  return { messages: [{ from: "MySender", destinations, text: "Hi", notifyUrl: callbacks?.url, ...more }] };
}

export const wordsOf = (results: { status: { name?: string } }[]): (string | undefined)[] =>
  results.map(({ status }) => status.name);

export const pushedWords = ({ text }: { text: string }): (string | undefined)[] =>
  wordsOf(JSON.parse(text).results);
