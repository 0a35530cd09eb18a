import { fork } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { cpus, release, totalmem, type as system } from "node:os";
import { dirname, join } from "node:path";
import { readArguments } from "../src/cli/arguments.ts";
import { isMet, type Benchmark } from "./support/benchmark.ts";
import type { EntryOrder, EntryReport } from "./support/entry-process.ts";
import { wholeNumber } from "./support/server.ts";
import { toTable, type Results } from "./support/table.ts";

const helpText = `Measures smsgraph beside its limits and its peers, in the same run.

Usage: npm run bench [-- <name> ...] [--rounds=3] [--seconds=4] [--short] [--json=FILE] [--docs] [--list]

Runs all benchmarks, or those named, each in processes of its own; what it is compared with is measured in turn with it.
Prints one table (medians, the spread of the rounds, target and verdict) and writes the same as JSON. Ends with 1 when a
target is missed. --docs also puts the table into docs/benchmarks.md, --short tries everything with small sizes.
`;

const tell = (text: string): void => void process.stdout.write(text);
const { values, names: namesGiven, rounds, seconds } = readOptions();

if (values.help) tell(helpText);
else if (values.list)
  for (const { name, about } of await readEntries()) tell(`${name.padEnd(16)} ${about}\n`);
else process.exitCode = await run(namesGiven);

function readOptions() {
  try {
    const json = join(import.meta.dirname, "../node_modules/.cache/bench/results.json");
    const options = {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      short: { type: "boolean", default: false },
      json: { type: "string", default: json },
      docs: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    } as const;
    const given = readArguments({ allowPositionals: true, options }, helpText);
    return {
      values: given.values,
      names: given.positionals,
      rounds: wholeNumber("rounds", given.values.rounds),
      seconds: wholeNumber("seconds", given.values.seconds),
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
}

interface Entry extends Benchmark {
  file: string;
}

/** Every file beside this one is a benchmark. */
async function readEntries(): Promise<Entry[]> {
  const own = import.meta.filename;
  const files = (await readdir(import.meta.dirname)).filter(
    (file) => file.endsWith(".ts") && join(import.meta.dirname, file) !== own,
  );
  return Promise.all(
    files.toSorted().map(async (file) => {
      const { benchmark } = (await import(join(import.meta.dirname, file))) as { benchmark: Benchmark };
      return { ...benchmark, file };
    }),
  );
}

async function run(names: readonly string[]): Promise<number> {
  const entries = await readEntries();
  const unknown = names.filter((name) => !entries.some((entry) => entry.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`There is no benchmark ${unknown.join(", ")}; --list shows all.\n`);
    return 2;
  }
  const chosen = names.length === 0 ? entries : entries.filter(({ name }) => names.includes(name));
  const benchmarks: Results["benchmarks"] = [];
  for (const [place, { name, file }] of chosen.entries()) {
    process.stderr.write(`${place + 1}/${chosen.length} ${name}\n`);
    const report = await measure(file);
    benchmarks.push("error" in report ? { name, findings: [], ...report } : { name, ...report });
  }
  const results = { machine: describeMachine(), finishedAt: new Date().toISOString(), benchmarks };
  await publish(results);
  const isGood = benchmarks.every(
    ({ error, findings }) => !error && findings.every((one) => isMet(one) !== false),
  );
  return isGood ? 0 : 1;
}

/** In a process of its own. */
function measure(file: string): Promise<EntryReport> {
  const child = fork(join(import.meta.dirname, "support/entry-process.ts"));
  const order: EntryOrder = {
    file,
    options: {
      rounds,
      secondsPerRound: values.short ? 1 : seconds,
      isShort: values.short,
    },
  };
  child.send(order);
  return new Promise((resolve) => {
    child.once("message", resolve);
    child.once("exit", (code) => resolve({ error: `Its process ended with ${code}` }));
  });
}

async function publish(results: Results): Promise<void> {
  const table = toTable(results);
  tell(`\n${results.machine}\n\n${table}`);
  await mkdir(dirname(values.json), { recursive: true });
  await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
  if (values.docs) await writeDocument(results, table);
}

const documentPath = join(import.meta.dirname, "../docs/benchmarks.md");
const [begin, end] = ["<!-- newest table -->", "<!-- end of the newest table -->"];

/** Between two marks of the document stands the newest table. */
async function writeDocument({ machine, finishedAt }: Results, table: string): Promise<void> {
  const document = await readFile(documentPath, "utf8");
  const [head, tail] = [document.indexOf(begin), document.indexOf(end)];
  if (head < 0 || tail < head) throw new Error(`${documentPath} has lost the marks of its table`);
  const text = `${begin}\n\n${machine}, ${finishedAt.slice(0, 10)}.\n\n${table}\n`;
  await writeFile(documentPath, document.slice(0, head) + text + document.slice(tail));
}

function describeMachine(): string {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${first?.model.trim()}), ${gigabytes} GB, ${system()} ${release()}, Node ${process.version}`;
}
