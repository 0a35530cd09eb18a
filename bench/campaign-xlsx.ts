import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { openTable } from "../src/spreadsheets/open-table.ts";
import { numberAt, upload } from "./campaign-csv.ts";
import { type Benchmark } from "./support/benchmark.ts";
import { type Closers } from "./support/server.ts";
import { startServerProcess, storeRate } from "./support/server-process.ts";
import { writeWorkbook } from "./support/xlsx-file.ts";

const sampleEveryMs = 100;
const warmUpRows = 20_000;

export const benchmark: Benchmark = {
  name: "campaign-xlsx",
  about:
    "A campaign's workbook with shared texts, uploaded as a GraphQL multipart request. The limit: reading its rows alone.",
  async run({ closers, rounds, isShort, progress }) {
    const count = isShort ? 100_000 : 1_000_000;
    const server = await startServerProcess(closers);
    await storeRate(server);
    await upload(server, await writeFile(warmUpRows, closers), warmUpRows);
    const file = await writeFile(count, closers);
    const before = server.residentBytes();
    let most = before;
    const sampler = setInterval(() => (most = Math.max(most, server.residentBytes())), sampleEveryMs);
    closers.push(() => clearInterval(sampler));
    const [ours, alone]: [number[], number[]] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round}: ${count} rows`);
      ours.push(count / (await upload(server, file, count)));
      alone.push(count / (await readAlone(file)));
    }
    return [
      {
        what: `${count} rows of XLSX`,
        unit: "rows/s",
        ours,
        beside: { name: "reading its rows alone", rounds: alone },
        peakMegabytes: most / 2 ** 20,
      },
      {
        what: "resident memory an upload adds",
        unit: "MB",
        ours: [(most - before) / 2 ** 20],
        target: { atMost: 110 },
      },
    ];
  },
};

async function writeFile(count: number, closers: Closers): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-bench-"));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "recipients.xlsx");
  function* rows(): Generator<(string | number)[]> {
    yield ["to", "clientRef", "first_name", "city"];
    for (let index = 0; index < count; index++)
      yield [Number(numberAt(index)), `customer-${index}`, "Jana", "Bratislava, Ružinov"];
  }
  await writeWorkbook(path, rows);
  return path;
}

/** Seconds. */
async function readAlone(path: string): Promise<number> {
  const begunAt = performance.now();
  const { rows } = await openTable(createReadStream(path));
  while ((await rows.next()).done !== true);
  return (performance.now() - begunAt) / 1000;
}
