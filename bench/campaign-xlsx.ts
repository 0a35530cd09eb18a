import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { openTable } from "../src/spreadsheets/open-table.ts";
import { numberAt, upload, warmUpRows, writeCsv } from "./campaign-csv.ts";
import { type Benchmark } from "./support/benchmark.ts";
import { type Closers } from "./support/server.ts";
import { startServerProcess, storeRate } from "./support/server-process.ts";
import { watchMemory } from "./support/watch-memory.ts";
import { writeWorkbook } from "./support/xlsx-file.ts";

export const benchmark: Benchmark = {
  name: "campaign-xlsx",
  about:
    "A campaign's workbook with shared texts, uploaded as a GraphQL multipart request. The limit: reading its rows alone.",
  async run({ closers, rounds, isShort, progress }) {
    const count = isShort ? 100_000 : 1_000_000;
    const server = await startServerProcess(closers);
    await storeRate(server);
    await upload(server, await writeXlsx(warmUpRows, closers), warmUpRows);
    const file = await writeXlsx(count, closers);
    const memory = await watchMemory(server, closers);
    const [ours, alone]: [number[], number[]] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round}: ${count} rows`);
      ours.push(count / (await upload(server, file, count)));
      alone.push(count / (await readAlone(file)));
    }
    const added = memory.added();
    progress("the same as CSV, for its memory");
    const csv = await addedByCsv(count, closers);
    return [
      {
        what: `${count} rows of XLSX`,
        unit: "rows/s",
        ours,
        beside: { name: "reading its rows alone", rounds: alone },
        peakMegabytes: memory.most(),
      },
      {
        what: "resident memory an upload adds",
        unit: "MB",
        ours: [added],
        beside: { name: "CSV", rounds: [csv] },
      },
      {
        what: "resident memory it adds beyond CSV",
        unit: "MB",
        ours: [added - csv],
        target: { atMost: 10 },
      },
    ];
  },
};

/** Megabytes. */
async function addedByCsv(count: number, closers: Closers): Promise<number> {
  const server = await startServerProcess(closers);
  await storeRate(server);
  await upload(server, await writeCsv(warmUpRows, closers), warmUpRows);
  const file = await writeCsv(count, closers);
  const memory = await watchMemory(server, closers);
  await upload(server, file, count);
  return memory.added();
}

async function writeXlsx(count: number, closers: Closers): Promise<string> {
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
