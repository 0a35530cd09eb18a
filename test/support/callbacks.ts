import { Readable } from "node:stream";
import { decodeId } from "../../src/lib/global-id.ts";
import type { TestApp } from "./app.ts";

export interface Answer {
  status: number;
  text: string;
}

/** Where the provider (a global id) posts its receipts. */
export async function callbackUrlOf(app: TestApp, providerId: string): Promise<string> {
  const { provider } = await app.client.data<{ provider: { callbackUrl: string } }>(
    "query ($id: ID!) { provider(id: $id) { callbackUrl } }",
    { id: providerId },
  );
  return provider.callbackUrl;
}

export async function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer> | undefined,
  headers: Record<string, string> = { "content-type": "application/json" },
): Promise<Answer> {
  const response = await fetch(url, { method: "POST", body, headers });
  return { status: response.status, text: await response.text() };
}

export interface Report {
  message_id?: string;
  client_ref?: string;
  status: string;
  part?: number;
  total_parts?: number;
  cost?: number | string;
  [other: string]: unknown;
}

/** The body of a TikoSMS callback. */
export const update = (...reports: Report[]): string =>
  JSON.stringify(reports.map((report) => ({ update: report })));

/** Sends a message that no worker takes up, and gives its local id: the reference that the provider would echo. */
export async function queueMessage(app: TestApp, input: Record<string, unknown> = {}): Promise<string> {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation ($input: SendMessageInput!) {
      sendMessage(input: $input) { ... on Message { id } ... on Error { code message } }
    }`,
    { input: { to: "+421901000000", text: "Hello", ...input } },
  );
  return decodeId("Message", sendMessage.id);
}

/** The counters of `/metrics` whose name starts like this, by name and labels as they are printed. */
export async function readCounters(app: TestApp, prefix: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(prefix));
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** Rows in every table of ours. */
export async function countRows(app: TestApp): Promise<Record<string, number>> {
  const { pool } = app.services.database;
  const { rows: tables } = await pool.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' order by 1",
  );
  const counts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await pool.query<{ count: number }>(`select count(*)::int from "${name}"`);
      return [name, rows[0]?.count ?? 0] as const;
    }),
  );
  return Object.fromEntries(counts);
}

/** A body whose length is not announced. */
export const streamed = (chunks: readonly Uint8Array[]): RequestInit =>
  ({ body: Readable.toWeb(Readable.from(chunks)), duplex: "half" }) as RequestInit;
