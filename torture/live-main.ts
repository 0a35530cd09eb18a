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
const print = (text: string): void => void process.stdout.write(text);

if (values.help) print(help);
else process.exit(hasNatsServer ? await run() : 2);

async function run(): Promise<number> {
  const begun = performance.now();
  print(`Seed ${values.seed}\n`);
  const result = await tortureLiveTier({
    seed: Number(values.seed),
    events: Number(values.events),
    eventsPerSecond: Number(values.rate),
    clients: Number(values.clients),
    awaySeconds: Number(values.away),
    secondsBetweenFaults: 5,
    patienceSeconds: 600,
    log: (line) => print(`${((performance.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${line}\n`),
  });
  if (values.log !== undefined) writeFileSync(values.log, result.logs.join("\n\n"));
  for (const [name, count] of result.faults) print(`${name}: ${count}\n`);
  print(`${result.sessions} connections of clients in ${result.seconds.toFixed(0)} s\n`);
  for (const { promise, checked, broken } of result.findings) {
    print(`${promise}: checked ${checked}, broken ${broken.length}\n`);
    for (const problem of broken.slice(0, 20)) print(`  BROKEN ${problem}\n`);
  }
  return result.findings.some(({ broken }) => broken.length > 0) ? 1 : 0;
}
