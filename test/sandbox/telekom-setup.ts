import { request } from "undici";
import { onTestFinished } from "vitest";
import {
  startTelekomSandbox,
  type TelekomSandbox,
  type TelekomSandboxOptions,
} from "../../src/sandbox/telekom/index.ts";
import { readXml } from "../../src/wire/xml.ts";
import type { ReceivedCallback } from "./callback-receiver.ts";
import type { Reply } from "./tikosms-client.ts";

/** A sandbox that does everything at once, for the running test. */
export async function startSandbox(options: TelekomSandboxOptions = {}): Promise<TelekomSandbox> {
  const sandbox = await startTelekomSandbox({ delays: { sentMs: 0, finalMs: 0 }, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

/** A message to the scenario of this suffix. */
export const toScenario = (suffix: string) => ({ to: `421901000${suffix}`, text: "Hi", from: "MyBrand" });

export type Fields = Record<string, string | number | boolean>;

interface Call {
  format?: "json" | "xml";
  method?: "POST" | "GET" | "PUT";
  /** Sent as it is, instead of the fields. */
  body?: string;
  signal?: AbortSignal;
}

/** A client as plain as possible: what the sandbox answers is read as its content type says, and not interpreted. */
export async function call(
  { url, token }: TelekomSandbox,
  name: string,
  fields: Fields = {},
  { format = "json", method = "POST", body, signal }: Call = {},
): Promise<Reply> {
  const isAuthenticated = "session_id" in fields || "token" in fields;
  const all = isAuthenticated ? fields : { ...fields, token };
  const printed = format === "json" ? JSON.stringify(all) : printRequest(all);
  const answer = await request(`${url}/${format}/${name}`, {
    method,
    ...(signal && { signal }),
    body: method === "GET" ? null : (body ?? printed),
  });
  const content = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, body: parsed(content) };
}

/** By hand, so that the sandbox reads what it has not written itself. */
function printRequest(fields: Fields): string {
  const children = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8" ?>\n<request>\n  ${children.join("\n  ")}\n</request>`;
}

function parsed(content: string): unknown {
  if (content.startsWith("<?xml")) return readXml(content, "response");
  return content.startsWith("{") ? JSON.parse(content) : content;
}

/** `DELIVERED sms`: what a callback says; `postback rcs` where it is none of delivery. The literal one is no JSON. */
export function summary({ text }: ReceivedCallback): string {
  const [, status = "postback"] = /"status": ?"(\w+)"/.exec(text) ?? [];
  const [, channel] = /"channel": ?"(\w+)"/.exec(text) ?? [];
  return `${status} ${channel}`;
}

export const ok = { status: "success", description: "", code: "OK" };
