import type { IncomingHttpHeaders } from "node:http";

/** A request in a vendor's words, as received. */
export interface WireRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An answer in a vendor's words. */
export interface WireAnswer {
  kind: "answer";
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): WireAnswer {
  const body = JSON.stringify(value);
  return { kind: "answer", status, headers: { "content-type": "application/json", ...headers }, body };
}
