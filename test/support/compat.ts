import type { TestApp } from "./app.ts";

/** An answer of a served API. */
export interface CompatAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Undefined when it is not JSON. */
  json: ReturnType<typeof JSON.parse>;
}

/** Speaks to one of the served APIs over HTTP. */
export async function compatFetch(app: TestApp, path: string, init: RequestInit = {}): Promise<CompatAnswer> {
  const response = await fetch(`${app.url}/compat${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
