import { parseArgs } from "node:util";
import type { Scenario } from "./scenarios.ts";
import { twins, type RunningTwin, type Twin } from "./twins.ts";

const names = twins.map(({ kind }) => kind.toLowerCase()).join(", ");

const help = `Usage: npm run sandbox -- [options]

Serves stand-ins for the providers' APIs, for trying out a client. Nothing is sent to anyone.

  --provider <name>     only this one: ${names} (default: all)
  --port <number>       port of the first, the others follow (default 4010; 0 takes free ones)
  --host <address>      address to listen on (default 127.0.0.1)
  --token <text>        API token or password clients must send (default: drawn at start)
  --callback-url <url>  where callbacks go when the provider keeps that with the account
  --set <name>=<value>  chooses something of a provider's own, listed below; may be repeated
  --immediate           everything that takes a provider its time happens at once
  --seed <text>         makes ids, drawn tokens and jitter repeat from run to run
  --help                shows this text

${twins.map(choiceList).join("")}`;

const print = (text: string) => process.stdout.write(text);

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      provider: { type: "string" },
      port: { type: "string", default: "4010" },
      host: { type: "string", default: "127.0.0.1" },
      token: { type: "string" },
      "callback-url": { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      immediate: { type: "boolean", default: false },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void print(help);
  const chosen = choose(values.provider);
  const settings = values.set.map((text) => parseSetting(text, chosen));
  const first = parsePort(values.port);
  const log = (line: string) => print(`${new Date().toISOString()} ${line}\n`);
  const running: RunningTwin[] = [];
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void closeAll(running));
  for (const [index, twin] of chosen.entries()) {
    const { host, token: secret, seed, immediate } = values;
    const forTwin = settings.filter(([name]) => Object.hasOwn(twin.choices, name));
    const port = first === 0 ? 0 : first + index;
    const server = await twin.start({
      port,
      host,
      secret,
      seed,
      log,
      immediate,
      chosen: Object.fromEntries(forTwin),
    });
    running.push(server);
    if (values["callback-url"] !== undefined) server.setCallbackUrl?.(values["callback-url"]);
    print(welcome(twin, server));
  }
  print("Ctrl-C stops it.\n\n");
}

const closeAll = (running: readonly RunningTwin[]) => Promise.all(running.map((server) => server.close()));

function choose(name: string | undefined): readonly Twin[] {
  if (name === undefined) return twins;
  const chosen = twins.filter(({ kind }) => kind === name.toUpperCase());
  if (chosen.length > 0) return chosen;
  throw new Error(`--provider must be one of ${names}, not ${name}`);
}

/**
 * @throws Error when none of the chosen sandboxes has this setting
 */
function parseSetting(text: string, chosen: readonly Twin[]): [name: string, value: string] {
  const [name = "", ...rest] = text.split("=");
  const value = rest.join("=");
  const choices = chosen.flatMap((twin) => (Object.hasOwn(twin.choices, name) ? [twin.choices[name]] : []));
  const [choice] = choices;
  if (choice === undefined) throw new Error(`--set ${name}: there is nothing of this name to choose`);
  if (value !== "" && (choice.values?.includes(value) ?? true)) return [name, value];
  throw new Error(`--set ${name} must be ${choice.values?.join(", ") ?? "followed by = and a text"}`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`--port must be a number from 0 to 65535, not ${text}`);
}

function welcome(twin: Twin, server: RunningTwin): string {
  const credentials = Object.entries(server.credentials).map(([name, value]) => `  ${name} ${value}`);
  return `${twin.title} sandbox at ${server.url}
${credentials.join("\n")}

${twin.example(server)}

The last three digits of the recipient's number choose what happens:
${scenarioList(twin.scenarios)}
`;
}

function choiceList({ title, choices }: Twin): string {
  const lines = Object.entries(choices).map(
    ([name, { values, description }]) =>
      `  --set ${name.padEnd(14)}  ${description}${values ? ` (${values.join(", ")})` : ""}\n`,
  );
  return `${title}\n${lines.join("")}`;
}

function scenarioList(scenarios: readonly Scenario<object>[]): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const lines = scenarios.map(({ suffix, name, expected, description }) => {
    const plain = description.replaceAll("`", "");
    return `  ${suffix}  ${name.padEnd(width)}  ${expected.padEnd(15)}  ${plain}\n`;
  });
  return lines.join("");
}
