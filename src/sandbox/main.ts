import { parseArgs } from "node:util";
import type { Scenario } from "./scenarios.ts";
import { startTikosmsSandbox, tikosmsScenarios, type TikosmsSandbox } from "./tikosms/index.ts";

const help = `Usage: npm run sandbox -- [options]

Serves a stand-in for the TikoSMS API, for trying out a client. Nothing is sent to anyone.

  --port <number>   port to listen on (default 4010; 0 takes a free one)
  --host <address>  address to listen on (default 127.0.0.1)
  --token <text>    API token clients must send (default: drawn at start)
  --seed <text>     makes ids, drawn token and jitter repeat from run to run
  --help            shows this text
`;

const print = (text: string) => process.stdout.write(text);

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "4010" },
      host: { type: "string", default: "127.0.0.1" },
      token: { type: "string" },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void print(help);
  const { host, token, seed } = values;
  const log = (line: string) => print(`${new Date().toISOString()} ${line}\n`);
  const sandbox = await startTikosmsSandbox({ port: parsePort(values.port), host, token, seed, log });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void sandbox.close());
  print(welcome(sandbox));
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`--port must be a number from 0 to 65535, not ${text}`);
}

function welcome({ url, token }: TikosmsSandbox): string {
  const body = JSON.stringify({ from: "MySender", to: "421901000000", message: "Your OTP is 1234" });
  return `TikoSMS sandbox at ${url} (and under ${url}/api)
API token ${token}

curl ${url}/v1/message -H 'Authorization: Bearer ${token}' \\
  -H 'Content-Type: application/json' -H 'Accept: application/json' \\
  -d '${body}'

The last three digits of the recipient's number choose what happens:
${scenarioList(tikosmsScenarios)}
Ctrl-C stops it.

`;
}

function scenarioList(scenarios: readonly Scenario<object>[]): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const lines = scenarios.map(({ suffix, name, expected, description }) => {
    const plain = description.replaceAll("`", "");
    return `  ${suffix}  ${name.padEnd(width)}  ${expected.padEnd(11)}  ${plain}\n`;
  });
  return lines.join("");
}
