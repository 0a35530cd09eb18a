import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createProviderHttp, type ProviderHttp } from "../../src/providers/http.ts";
import type { E164 } from "../../src/providers/provider.ts";
import { type Seen, serveHttp } from "./local-server.ts";
import { atEnd } from "../support/side-by-side.ts";

/** What a simulated provider answers; a function instead takes the connection into its own hands. */
export type Answer =
  | { status?: number; body?: string; headers?: Record<string, string> }
  | ((response: ServerResponse) => void);

/** A real HTTP server that answers as told, as JSON unless told otherwise. */
export function serveAnswers(answerTo: (seen: Seen) => Answer) {
  return serveHttp((seen, response) => {
    const answer = answerTo(seen);
    if (typeof answer === "function") return answer(response);
    const { status = 200, body = "", headers = { "content-type": "application/json" } } = answer;
    response.writeHead(status, headers).end(body);
  });
}

/** Connections for the running test. The time limit is small for answers that never come. */
export function openHttp(origin: string, totalTimeoutMs?: number): ProviderHttp {
  const http = createProviderHttp({ origin, totalTimeoutMs });
  atEnd(() => void http.close());
  return http;
}

export function json(value: unknown, status = 200): Answer {
  return { status, body: JSON.stringify(value) };
}

/** Reads the fixtures of one vendor, byte for byte. */
export function fixtures(vendor: string): (name: string) => string {
  return (name) => readFileSync(new URL(`../fixtures/${vendor}/${name}`, import.meta.url), "utf8");
}

/** Stands in for the domain's check of a number. */
export function checked(number: string): E164 {
  if (!isE164(number)) throw new Error(`${number} is not E.164`);
  return number;
}

function isE164(number: string): number is E164 {
  return /^\+[1-9]\d{6,14}$/.test(number);
}

/** How a rejection looks, with some text. */
export function rejection(text: unknown, status: string, code: string, permanent: boolean): object {
  return { kind: "rejected", status, failure: { code, permanent, text } };
}

const html = { "content-type": "text/html" };

/** Answers that leave every submission open, whoever the provider is, given one that is accepted. */
export function openEndings(accepted: string): [string, Answer][] {
  return [
    ["200 empty", {}],
    ["200 truncated", { body: accepted.slice(0, 60) }],
    ["200 in HTML", { body: "<html>ok</html>", headers: html }],
    ["200 with a list", { body: `[${accepted}]` }],
    ["204", { status: 204 }],
    ["302", { status: 302, headers: { location: "/login" } }],
    ["408", json({ message: "Request timeout" }, 408)],
    ["409", json({ message: "Conflict" }, 409)],
    ["500", json({ message: "Server Error" }, 500)],
    ["502 in HTML", { status: 502, body: "<html>", headers: html }],
    ["503 with Retry-After", { status: 503, headers: { "retry-after": "5" } }],
    ["a reset", (response) => response.socket?.resetAndDestroy()],
    [
      "a reset within the body",
      (response) => response.writeHead(200).write("{", () => response.socket?.resetAndDestroy()),
    ],
    ["too much", { body: `${accepted}${" ".repeat(9 * 1024 * 1024)}` }],
  ];
}

/** The same for answers that do not come in time. */
export const lateEndings: [string, Answer][] = [
  ["nothing", () => {}],
  ["too little", (response) => response.writeHead(200, { "content-length": 99 }).end("{}")],
];
