import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { printBill } from "./bill.ts";
import { torture, type TortureOptions } from "./torture.ts";

const help = `Usage: npm run torture -- [options]

Runs two api processes, two workers, a PostgreSQL of its own and the four sandboxes with everything that can go wrong,
kills and holds and fills them up at random, lets everything come to rest, and compares what callers were told with
the tables and with the providers' own books. Ends with 1 when a promise was broken.

  --minutes <number>   how long messages are sent and faults happen (default 5)
  --seed <number>      the same seed makes the same decisions (default: drawn, and printed)
  --log <file>         writes what was left to do, and what the processes logged, there
  --help               shows this text

The decisions are what is sent, which fault comes next, and what the nth request of each kind meets; how they meet in
time depends on the machine. A full disk needs a small disk of its own, which only root may mount; without it that
fault is left out. Clocks jump in the processes of smsgraph, not in PostgreSQL.
`;

const print = (text: string): void => void process.stdout.write(text);

function readOptions(): { options: TortureOptions; logFile: string | undefined } | undefined {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "5" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
      log: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return undefined;
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  if (!(minutes > 0 && minutes <= 24 * 60))
    throw new Error("--minutes must be a number from above 0 to 1440");
  if (!Number.isSafeInteger(seed)) throw new Error("--seed must be a whole number");
  const options = {
    seed,
    seconds: minutes * 60,
    secondsBetweenFaults: minutes < 1 ? 1 : 4,
    standstillSeconds: minutes < 1 ? 6 : 20,
    hangSeconds: minutes < 1 ? 5 : 35,
    singlesPerSecond: 12,
    secondsBetweenCampaigns: 5,
    mostRecipients: 200,
    clients: 20,
    patienceSeconds: 600,
  };
  return { options, logFile: values.log };
}

try {
  const read = readOptions();
  if (!read) print(help);
  else process.exit(await run(read.options, read.logFile));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  process.exit(2);
}

async function run(options: TortureOptions, logFile: string | undefined): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => stopping.abort(new Error(`Ended by ${signal}`)));
  const begun = performance.now();
  print(`Seed ${options.seed}\n`);
  const log = (line: string): void =>
    print(`${((performance.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
  const result = await torture({ ...options, signal: stopping.signal, log });
  print(`\n${printBill(options, result)}`);
  if (logFile !== undefined) writeFileSync(logFile, result.logs.join("\n\n"));
  return result.findings.some(({ broken }) => broken.length > 0) ? 1 : 0;
}
