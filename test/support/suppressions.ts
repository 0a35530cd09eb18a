import type { TestApp } from "./app.ts";
import { bodyOf, uploadType } from "./campaigns.ts";

/** Puts a number on the list of the app's account. */
export async function suppress({ client }: TestApp, number: string, sender?: string): Promise<void> {
  const document = `mutation ($number: String!, $sender: String) {
    suppressNumber(number: $number, sender: $sender, reason: "asked us") { ... on Error { code message } }
  }`;
  const { suppressNumber } = await client.data<{ suppressNumber: { code?: string } }>(document, {
    number,
    sender,
  });
  if (suppressNumber.code !== undefined) throw new Error(JSON.stringify(suppressNumber));
}

/** What `importSuppressions` answers. */
export interface ImportedList {
  added: number;
  known: number;
  refusedCount: number;
  refused: { row: number; to: string; code: string }[];
  code?: string;
  message?: string;
}

const importDocument = `mutation ($input: ImportSuppressionsInput!) {
  importSuppressions(input: $input) {
    ... on ImportedSuppressions { added known refusedCount refused { row to code } }
    ... on Error { code message }
  }
}`;

export async function importList(
  { url, client }: TestApp,
  file: string,
  input: object = {},
): Promise<ImportedList> {
  const operations = JSON.stringify({
    query: importDocument,
    variables: { input: { file: null, ...input } },
  });
  const body = bodyOf({
    parts: [
      ["operations", "", operations],
      ["map", "", JSON.stringify({ 0: ["variables.input.file"] })],
      ["0", '; filename="list.csv"\r\ncontent-type: text/csv', file],
    ],
    ends: true,
  });
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { ...client.headers, "content-type": uploadType },
    body: new Uint8Array(body),
  });
  return ((await response.json()) as { data: { importSuppressions: ImportedList } }).data.importSuppressions;
}
