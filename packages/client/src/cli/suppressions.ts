import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "../client.ts";
import {
  connect,
  accessHelp,
  download,
  openFile,
  print,
  readArguments,
  successOf,
  UsageError,
  type Command,
} from "./command.ts";

const options = { sender: { type: "string" }, reason: { type: "string" } } as const;

const help = `Keeps the list of numbers that are not to be texted.

Usage: smsgraph suppressions add <number> [--sender ID] [--reason TEXT]
       smsgraph suppressions remove <number> [--sender ID]
       smsgraph suppressions import <list.csv> [--sender ID] [--reason TEXT]
       smsgraph suppressions export > list.csv

The file has a header with a column \`number\`, and may have \`sender\` and \`reason\`; a file of one number a line needs none.

  --sender ID     holds for this sender ID only; default: for every sender
  --reason TEXT   why, in your words
${accessHelp}`;

const documents = {
  add: `mutation ($number: String!, $sender: String, $reason: String) {
    done: suppressNumber(number: $number, sender: $sender, reason: $reason) { ... on Suppression { number } ... on Error { code message } }
  }`,
  remove: `mutation ($number: String!, $sender: String) {
    done: unsuppressNumber(number: $number, sender: $sender) { ... on UnsuppressedNumber { number removed } ... on Error { code message } }
  }`,
  import: `mutation ($input: ImportSuppressionsInput!) {
    done: importSuppressions(input: $input) {
      ... on ImportedSuppressions { added known refusedCount refused { row to reason } }
      ... on Error { code message }
    }
  }`,
};

interface Imported {
  added: number;
  known: number;
  refusedCount: number;
  refused: { row: number; to: string; reason: string }[];
}

async function run(rest: string[]): Promise<void> {
  const { values, positionals } = readArguments(rest, options);
  const [action = "", what, ...more] = positionals;
  const wanted = { add: true, remove: true, import: true, export: false }[action];
  if (wanted === undefined) throw new UsageError(`There is no "${action}".\n\n${help}`);
  if (more.length > 0 || (what !== undefined) !== wanted)
    throw new UsageError(wanted ? `Name one ${action === "import" ? "file" : "number"}.\n\n${help}` : help);
  const { sender, reason } = values;
  const client = connect(values);
  const scope = { ...(sender !== undefined && { sender }), ...(reason !== undefined && { reason }) };
  if (action === "export") return write(await download(values, "/suppressions.csv"));
  if (action === "import") return print(describe(await importFile(client, what ?? "", scope)));
  const query = documents[action as "add" | "remove"];
  const { done } = await client.request<{ done: { number: string; removed?: number } }>({
    query,
    variables: { ...scope, number: what },
  });
  const { number, removed } = successOf(done);
  print(removed === undefined ? `${number} is on the list` : `${number} had ${removed} entries`);
}

async function importFile(client: Client, path: string, input: object): Promise<Imported> {
  const form = new FormData();
  const operations = { query: documents.import, variables: { input: { ...input, file: null } } };
  form.append("operations", JSON.stringify(operations));
  form.append("map", JSON.stringify({ 0: ["variables.input.file"] }));
  form.append("0", await openFile(path), basename(path));
  return successOf((await client.request<{ done: Imported }>(form)).done);
}

const write = (body: ReadableStream<Uint8Array>): Promise<void> =>
  pipeline(Readable.fromWeb(body as never), process.stdout, { end: false });

const describe = ({ added, known, refusedCount, refused }: Imported): string =>
  [
    `${added} added, ${known} on the list before, ${refusedCount} refused`,
    ...refused.map(({ row, to, reason }) => `  row ${row}: ${to}: ${reason}`),
  ].join("\n");

export const suppressions: Command = {
  does: "keeps the list of numbers that are not to be texted",
  help,
  run,
};
