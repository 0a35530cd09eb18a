import { onTestFinished } from "vitest";
import { request } from "undici";
import {
  startTonkraSandbox,
  type TonkraSandbox,
  type TonkraSandboxOptions,
} from "../../src/sandbox/tonkra/index.ts";
import type { Reply } from "./tikosms-client.ts";

/** A sandbox whose reports come at once, for the running test. */
export async function startSandbox(options: TonkraSandboxOptions = {}): Promise<TonkraSandbox> {
  const sandbox = await startTonkraSandbox({ reportMs: 0, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

export const single = {
  recipient: "31612345000",
  sender_id: "YourName",
  type: "plain",
  message: "This is a test message",
};

/** A message to the scenario of this suffix. */
export const toScenario = (suffix: string) => ({ ...single, recipient: `31612345${suffix}` });

interface Call {
  api?: "http" | "v3";
  /** The token goes where the API wants it, unless there is another. */
  token?: string;
  query?: Record<string, string>;
  body?: object | string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A client as plain as possible: what the sandbox answers is not interpreted. */
export async function call(
  sandbox: TonkraSandbox,
  method: "GET" | "POST",
  path: string,
  { api = "http", token = sandbox.token, query = {}, body, headers, signal }: Call = {},
): Promise<Reply> {
  const isField = api === "http" && method === "POST" && typeof body !== "string";
  const fields = isField ? { api_token: token, ...body } : body;
  const answer = await request(`${sandbox.url}/api/${api}/${path}`, {
    method,
    query: api === "http" && method === "GET" ? { api_token: token, ...query } : query,
    ...(signal && { signal }),
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      ...(api === "v3" && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof fields === "string" || fields === undefined ? (fields ?? null) : JSON.stringify(fields),
  });
  const content = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, body: parsed(content) };
}

/** Bodies that are no JSON stay text. */
function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}
