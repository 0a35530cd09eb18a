import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { ask, findServer, runCommand, UsageError, type Server } from "./server.ts";

const help = `Sends one text to everyone in a CSV file, and follows the campaign until everything is handed over.

Usage: npm run campaign -- people.csv --text "Hello {{first_name}}" [options]

The file has a header row with a column \`to\`; its other columns fill the placeholders of the text.

  --text TEXT          the text, with {{placeholders}}
  --name NAME          the campaign's name; default: the file's name
  --from SENDER        the sender ID; default: the provider's
  --provider ID        the provider that is to carry it; default: routing chooses
  --dry-run            checks the file and says what it would cost; sends nothing
  --url URL            where smsgraph is; default: SMSGRAPH_URL, or http://localhost:4000
  --help               this text

The API key is taken from SMSGRAPH_KEY, or from the development key in DATA_DIR (.data).
`;

const options = {
  text: { type: "string" },
  name: { type: "string" },
  from: { type: "string" },
  provider: { type: "string" },
  "dry-run": { type: "boolean", default: false },
  url: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

const create = `mutation ($input: CreateCampaignInput!) {
  createCampaign(input: $input) {
    __typename
    ... on Campaign { id duplicatesRemoved refusedCount counts { total } }
    ... on CampaignPreview {
      total duplicatesRemoved refusedCount warnings
      estimatedCost { amount currency }
      messages { to text segments }
      refusedRecipients(first: 20) { edges { node { row to reason } } }
    }
    ... on Error { code message }
  }
}`;

const watch = `query ($id: ID!) {
  campaign(id: $id) { status counts { total queued submitted sent delivered undelivered failed } }
}`;

interface Campaign {
  __typename: "Campaign";
  id: string;
  duplicatesRemoved: number;
  refusedCount: number;
  counts: { total: number };
}

interface Preview {
  __typename: "CampaignPreview";
  total: number;
  duplicatesRemoved: number;
  refusedCount: number;
  warnings: string[];
  estimatedCost: { amount: string; currency: string }[];
  messages: { to: string; text: string; segments: number }[];
  refusedRecipients: { edges: { node: { row: number; to: string; reason: string } }[] };
}

type Created = Campaign | Preview | { __typename: string; code: string; message: string };

interface Progress {
  status: string;
  counts: Record<string, number>;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return void process.stdout.write(help);
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) throw new UsageError(`Name one CSV file.\n\n${help}`);
  if (values.text === undefined) throw new UsageError(`--text is missing.\n\n${help}`);
  const server = await findServer(values.url);
  const created = await upload(server, path, {
    name: values.name ?? basename(path),
    text: values.text,
    dryRun: values["dry-run"],
    ...(values.from !== undefined && { from: values.from }),
    ...(values.provider !== undefined && { providerId: values.provider }),
  });
  if ("message" in created) throw new UsageError(`${created.message} (${created.code})`);
  if ("warnings" in created) return void process.stdout.write(describe(created));
  const { id, counts, refusedCount, duplicatesRemoved } = created;
  process.stdout.write(
    `Campaign ${id}: ${counts.total} recipients, ${refusedCount} refused, ${duplicatesRemoved} named twice\n`,
  );
  await follow(server, id);
}

/** An upload as the GraphQL multipart request specification has it. */
async function upload(server: Server, path: string, input: object): Promise<Created> {
  const file = await readable(path);
  const form = new FormData();
  form.append(
    "operations",
    JSON.stringify({ query: create, variables: { input: { ...input, file: null } } }),
  );
  form.append("map", JSON.stringify({ 0: ["variables.input.file"] }));
  form.append("0", file, basename(path));
  return (await ask<{ createCampaign: Created }>(server, form)).createCampaign;
}

async function readable(path: string): Promise<Blob> {
  try {
    return await openAsBlob(path);
  } catch {
    throw new UsageError(`${path} cannot be read.`);
  }
}

function describe(preview: Preview): string {
  const cost = preview.estimatedCost.map(({ amount, currency }) => `${amount} ${currency}`).join(", ");
  const refused = preview.refusedRecipients.edges.map(
    ({ node }) => `  row ${node.row}: ${node.to}: ${node.reason}`,
  );
  return [
    `${preview.total} recipients, ${preview.refusedCount} refused, ${preview.duplicatesRemoved} named twice`,
    `Estimated cost: ${cost === "" ? "unknown, there is no rate" : cost}`,
    ...preview.warnings.map((warning) => `Warning: ${warning}`),
    ...preview.messages.map(({ to, text, segments }) => `  ${to} (${segments} segments): ${text}`),
    ...(refused.length > 0 ? ["Refused:", ...refused] : []),
    "Nothing was sent.",
    "",
  ].join("\n");
}

const lookEveryMs = 1_000;

/** A line for each change of the counts, until nothing is left to hand over. */
async function follow(server: Server, id: string): Promise<void> {
  let shown = "";
  for (;;) {
    const { campaign } = await ask<{ campaign: Progress }>(
      server,
      JSON.stringify({ query: watch, variables: { id } }),
    );
    const counts = Object.entries(campaign.counts).map(([name, count]) => `${count} ${name}`);
    const line = `${campaign.status}: ${counts.join(", ")}`;
    if (line !== shown) process.stdout.write(`${line}\n`);
    shown = line;
    if (campaign.status === "COMPLETED" || campaign.status === "CANCELLED") return;
    await new Promise((done) => setTimeout(done, lookEveryMs));
  }
}

await runCommand(main);
