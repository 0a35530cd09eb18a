import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { hasNatsServer } from "../test/support/has-nats-server.ts";
import { tortureLiveTier } from "./live-tier.ts";

const help = `Usage: npm run torture:live -- [options]

Two api processes, two workers, a PostgreSQL and a cluster of three NATS servers, all of them killed and restarted, with
live clients whose connections are cut. Ends with 1 when a client's log is not the table. Needs nats-server.

  --events <number>   how many events are logged (default 100000)
  --clients <number>  live clients (default 200)
  --rate <number>     events a second (default 800)
  --away <seconds>    how long NATS is away as a whole (default 60)
  --seed <number>     the same seed makes the same decisions (default: drawn, and printed)
  --log <file>        writes what the processes logged there
  --help              shows this text
`;

const print = (text: string): void => void process.stdout.write(text);

function readOptions() {
  const { values } = parseArgs({
    options: {
      events: { type: "string", default: "100000" },
      clients: { type: "string", default: "200" },
      rate: { type: "string", default: "800" },
      away: { type: "string", default: "60" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
      log: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return undefined;
  if (!hasNatsServer) throw new Error("There is no nats-server on the PATH");
  return {
    seed: wholeNumber("seed", values.seed),
    events: wholeNumber("events", values.events),
    eventsPerSecond: wholeNumber("rate", values.rate),
    clients: wholeNumber("clients", values.clients),
    awaySeconds: wholeNumber("away", values.away),
    logFile: values.log,
  };
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`--${name} must be a whole number, not "${text}"`);
}

function readOrRefuse(): ReturnType<typeof readOptions> {
  try {
    return readOptions();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exit(2);
  }
}

const chosen = readOrRefuse();
if (!chosen) print(help);
else process.exit(await run(chosen));

async function run({ logFile, ...options }: NonNullable<ReturnType<typeof readOptions>>): Promise<number> {
  const begun = performance.now();
  print(`Seed ${options.seed}\n`);
  const result = await tortureLiveTier({
    ...options,
    secondsBetweenFaults: 5,
    patienceSeconds: 600,
    log: (line) => print(`${((performance.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${line}\n`),
  });
  if (logFile !== undefined) writeFileSync(logFile, result.logs.join("\n\n"));
  for (const [name, count] of result.faults) print(`${name}: ${count}\n`);
  print(`${result.sessions} connections of clients in ${result.seconds.toFixed(0)} s\n`);
  for (const { promise, checked, broken } of result.findings) {
    print(`${promise}: checked ${checked}, broken ${broken.length}\n`);
    for (const problem of broken.slice(0, 20)) print(`  BROKEN ${problem}\n`);
  }
  return result.findings.some(({ broken }) => broken.length > 0) ? 1 : 0;
}
