import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import { type Benchmark } from "./support/benchmark.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";
import { watchMemory } from "./support/watch-memory.ts";
import { type Closers } from "./support/server.ts";

export const warmUpRows = 20_000;

export const benchmark: Benchmark = {
  name: "campaign-csv",
  about:
    "A campaign's CSV file, uploaded as a GraphQL multipart request. The limit: csv-parse alone, reading the same file.",
  async run({ closers, rounds, isShort, progress }) {
    const count = isShort ? 100_000 : 1_000_000;
    const server = await startServerProcess(closers);
    await storeRate(server);
    await upload(server, await writeCsv(warmUpRows, closers), warmUpRows);
    const file = await writeCsv(count, closers);
    const memory = await watchMemory(server, closers);
    const [ours, alone]: [number[], number[]] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round}: ${count} rows`);
      ours.push(count / (await upload(server, file, count)));
      alone.push(count / (await parseAlone(file)));
    }
    const beside = { name: "csv-parse alone", rounds: alone };
    return [
      {
        what: `${count} rows of CSV`,
        unit: "rows/s",
        ours,
        beside,
        target: { atLeast: 0.12 },
        peakMegabytes: memory.most(),
      },
      {
        what: "resident memory an upload adds",
        unit: "MB",
        ours: [memory.added()],
        target: { atMost: 100 },
      },
    ];
  },
};

/** Numbers in no order, one in a hundred twice. */
export async function writeCsv(count: number, closers: Closers): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-bench-"));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "recipients.csv");
  const file = await open(path, "w");
  const output = file.createWriteStream();
  output.write("to,clientRef,first_name,city\n");
  for (let start = 0; start < count; start += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, count - start) }, (_, place) => rowOf(start + place));
    if (!output.write(rows.join(""))) await new Promise((resolve) => output.once("drain", resolve));
  }
  await new Promise<void>((resolve) => output.end(resolve));
  return path;
}

/** A number without its plus. */
export const numberAt = (index: number): string =>
  `421${(((index % 100 === 99 ? index - 1 : index) * 7919) % 7_999_993) + 901_000_000}`;

function rowOf(index: number): string {
  return `+${numberAt(index)},customer-${index},Jana,"Bratislava, Ružinov"\n`;
}

function part(name: string, more: string, body: string): string {
  return `--bench\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${body}`;
}

/** Seconds until the campaign is stored. */
export async function upload({ client }: ServerProcess, path: string, count: number): Promise<number> {
  const query = `mutation ($input: CreateCampaignInput!) {
    createCampaign(input: $input) { ... on Campaign { id duplicatesRemoved } ... on Error { code message } }
  }`;
  const input = { name: "Benchmark", text: "Dear {{first_name}}, your order is ready.", file: null };
  const started = performance.now();
  const sending = request(`${client.url}/graphql`, {
    method: "POST",
    headers: { ...client.headers, "content-type": "multipart/form-data; boundary=bench" },
  });
  const answered = new Promise<string>((resolve, reject) => {
    sending.on("response", (response) => void text(response).then(resolve, reject));
    sending.on("error", reject);
  });
  sending.write(part("operations", "", `${JSON.stringify({ query, variables: { input } })}\r\n`));
  sending.write(part("map", "", '{"0":["variables.input.file"]}\r\n'));
  sending.write(part("0", '; filename="recipients.csv"\r\ncontent-type: text/csv', ""));
  const sent = pipeline(createReadStream(path), sending, { end: false }).then(() =>
    sending.end("\r\n--bench--\r\n"),
  );
  const [answer] = await Promise.all([answered, sent]);
  if (!answer.includes(`"duplicatesRemoved":${count / 100}`)) throw new Error(answer.slice(0, 500));
  return (performance.now() - started) / 1000;
}

async function parseAlone(path: string): Promise<number> {
  const started = performance.now();
  let rows = 0;
  const parser = createReadStream(path).pipe(
    parse({ trim: true, relax_quotes: true, relax_column_count: true }),
  );
  for await (const row of parser) rows += Number(row !== undefined);
  if (rows === 0) throw new Error("Nothing was read");
  return (performance.now() - started) / 1000;
}
