import { basename } from "node:path";
import type { Client } from "../client.ts";
import {
  connect,
  accessHelp,
  openFile,
  print,
  readArguments,
  successOf,
  UsageError,
  type Command,
} from "./command.ts";

const options = {
  text: { type: "string" },
  name: { type: "string" },
  from: { type: "string" },
  provider: { type: "string" },
  sheet: { type: "string" },
  encoding: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

const help = `Sends one text to everyone in a file, and follows the campaign until everything is handed over.

Usage: smsgraph campaign <people.csv|people.xlsx> --text "Hello {{first_name}}" [options]

The file is CSV or a workbook (XLSX). It has a header row with a column \`to\`; its other columns fill the placeholders of
the text.

  --text TEXT     the text, with {{placeholders}}
  --name NAME     the campaign's name; default: the file's name
  --from SENDER   the sender ID; default: the provider's
  --provider ID   the provider that is to carry it; default: routing chooses
  --sheet NAME    the sheet of a workbook; default: the first one
  --encoding NAME the encoding of a CSV file, such as windows-1250; default: found
  --dry-run       checks the file, says how it was read and what it would cost; sends nothing
${accessHelp}`;

const create = `mutation ($input: CreateCampaignInput!) {
  createCampaign(input: $input) {
    ... on Campaign { id duplicatesRemoved refusedCount counts { total } }
    ... on CampaignPreview {
      total duplicatesRemoved refusedCount warnings
      file { format encoding separator sheet rows columns { name as } }
      estimatedCost { amount currency }
      messages { to text segments }
      refusedRecipients(first: 20) { edges { node { row to reason } } }
    }
    ... on Error { code message }
  }
}`;

interface Created {
  id: string;
  duplicatesRemoved: number;
  refusedCount: number;
  counts: { total: number };
}

interface Preview {
  total: number;
  duplicatesRemoved: number;
  refusedCount: number;
  warnings: string[];
  file: {
    format: string;
    encoding: string | null;
    separator: string | null;
    sheet: string | null;
    rows: number;
    columns: { name: string; as: string | null }[];
  } | null;
  estimatedCost: { amount: string; currency: string }[];
  messages: { to: string; text: string; segments: number }[];
  refusedRecipients: { edges: { node: { row: number; to: string; reason: string } }[] };
}

type Answer = Created | Preview | { code: string; message: string };

async function run(rest: string[]): Promise<void> {
  const { values, positionals } = readArguments(rest, options);
  const [path] = positionals;
  const { text, name, from, provider, sheet, encoding, "dry-run": dryRun } = values;
  if (path === undefined || positionals.length > 1) throw new UsageError(`Name one file.\n\n${help}`);
  if (text === undefined) throw new UsageError(`--text is missing.\n\n${help}`);
  const client = connect(values);
  const created = await upload(client, path, {
    name: name ?? basename(path),
    text,
    dryRun,
    ...(from !== undefined && { from }),
    ...(provider !== undefined && { providerId: provider }),
    ...(sheet !== undefined && { sheet }),
    ...(encoding !== undefined && { fileEncoding: encoding }),
  });
  if ("warnings" in created) return print(describe(created));
  const { id, counts, refusedCount, duplicatesRemoved } = created;
  print(
    `Campaign ${id}: ${counts.total} recipients, ${refusedCount} refused, ${duplicatesRemoved} named twice`,
  );
  await follow(client, id);
}

/** An upload as the GraphQL multipart request specification has it. */
async function upload(client: Client, path: string, input: object): Promise<Created | Preview> {
  const file = await openFile(path);
  const form = new FormData();
  const variables = { input: { ...input, file: null } };
  form.append("operations", JSON.stringify({ query: create, variables }));
  form.append("map", JSON.stringify({ 0: ["variables.input.file"] }));
  form.append("0", file, basename(path));
  return successOf((await client.request<{ createCampaign: Answer }>(form)).createCampaign);
}

function describe(preview: Preview): string {
  const cost = preview.estimatedCost.map(({ amount, currency }) => `${amount} ${currency}`).join(", ");
  const refused = preview.refusedRecipients.edges.map(
    ({ node }) => `  row ${node.row}: ${node.to}: ${node.reason}`,
  );
  return [
    ...(preview.file ? describeFile(preview.file) : []),
    `${preview.total} recipients, ${preview.refusedCount} refused, ${preview.duplicatesRemoved} named twice`,
    `Estimated cost: ${cost === "" ? "unknown, there is no rate" : cost}`,
    ...preview.warnings.map((warning) => `Warning: ${warning}`),
    ...preview.messages.map(({ to, text, segments }) => `  ${to} (${segments} segments): ${text}`),
    ...(refused.length > 0 ? ["Refused:", ...refused] : []),
    "Nothing was sent.",
  ].join("\n");
}

function describeFile({
  format,
  encoding,
  separator,
  sheet,
  rows,
  columns,
}: NonNullable<Preview["file"]>): string[] {
  const how =
    sheet === null
      ? `in ${encoding ?? "an unknown encoding"}, cells separated by ${separator === "\t" ? "tabs" : separator}`
      : `sheet "${sheet}"`;
  return [
    `${format}, ${how}, ${rows} rows`,
    ...columns.map(({ name, as }) => `  column "${name}": ${as === null ? "not used" : `read as ${as}`}`),
  ];
}

/** A line for each change of the counts, until nothing is left to hand over. */
async function follow(client: Client, id: string): Promise<void> {
  let shown = "";
  for await (const { status, counts } of client.watchCampaign(id, { maxPerSecond: 1 })) {
    const shownCounts = Object.entries(counts).filter(([name, count]) => name === "total" || count > 0);
    const line = `${status}: ${shownCounts.map(([name, count]) => `${count} ${name}`).join(", ")}`;
    if (line !== shown) print(line);
    shown = line;
    if (status === "COMPLETED" || status === "CANCELLED") return;
  }
}

export const campaign: Command = { does: "sends one text to everyone in a file (CSV or XLSX)", help, run };
