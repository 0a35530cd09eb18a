import { request } from "undici";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";

export interface Reply {
  status: number;
  headers: Record<string, unknown>;
  body: unknown;
}

export interface Call {
  prefix?: "/v1" | "/api/v1";
  body?: unknown;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** A client as plain as possible: what the sandbox answers is not interpreted. */
export async function call(
  { url, token }: TikosmsSandbox,
  method: "GET" | "POST",
  name: string,
  { prefix = "/v1", body, query, headers, signal }: Call = {},
): Promise<Reply> {
  const answer = await request(`${url}${prefix}/${name}`, {
    method,
    ...(query && { query }),
    ...(signal && { signal }),
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: typeof body === "string" || body === undefined ? (body ?? null) : JSON.stringify(body),
  });
  const content = await answer.body.text();
  const isJson = answer.headers["content-type"] === "application/json";
  return { status: answer.statusCode, headers: answer.headers, body: isJson ? JSON.parse(content) : content };
}

/** Reads a text out of unchecked JSON, such as an id. */
export function textAt(value: unknown, ...path: (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found !== "string") throw new TypeError(`no text at ${path.join(".")}`);
  return found;
}

/** Reads a value out of unchecked JSON; undefined when there is none. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let inner: unknown = value;
  for (const key of path) {
    if (typeof inner !== "object" || inner === null) return undefined;
    inner = Object.entries(inner).find(([name]) => name === String(key))?.[1];
  }
  return inner;
}
