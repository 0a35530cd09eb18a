import { inTurn } from "./reads.ts";
import { sending } from "./sends.ts";
import { p99Of, type Benchmark, type BenchRun, type Finding } from "./support/benchmark.ts";
import { Load, type LoadOrder } from "./support/load.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";

type Side = Pick<LoadOrder, "url" | "headers" | "bodies">;

export const benchmark: Benchmark = {
  name: "compat",
  about:
    "The served APIs: TikoSMS's message beside sendMessage of GraphQL, its messages with 100,000 recipients, Telekom's XML beside " +
    "its JSON.",
  async run(run) {
    const server = await startServerProcess(run.closers);
    await storeRate(server);
    const load = new Load(run.closers);
    return [
      await compare(run, load, server, "POST v1/message", tikosms(server), {
        name: "sendMessage over GraphQL",
        side: sending(server),
        atLeast: 1.3,
      }),
      await acceptMany(run, server),
      await compare(run, load, server, "send_message in XML", telekom(server, "xml"), {
        name: "send_message in JSON",
        side: telekom(server, "json"),
        atLeast: 0.8,
      }),
    ];
  },
};

interface Peer {
  name: string;
  side: Side;
  atLeast: number;
}

async function compare(
  run: BenchRun,
  load: Load,
  server: ServerProcess,
  what: string,
  side: Side,
  { name, side: peer, atLeast }: Peer,
): Promise<Finding> {
  const { ours, theirs } = await inTurn(run, load, [side, peer], what, () => server.processorSeconds());
  return {
    what,
    unit: "requests/s",
    ours: ours.map(({ perSecond }) => perSecond),
    beside: { name, rounds: theirs.map(({ perSecond }) => perSecond) },
    target: { atLeast },
    p99: { ms: p99Of(ours.flatMap(({ latencies }) => latencies)) },
  };
}

const numberAt = (place: number): string => `421905${String(place).padStart(6, "0")}`;

function tikosms({ client }: ServerProcess): Side {
  const bodies = Array.from({ length: 10_000 }, (_, place) =>
    JSON.stringify({ from: "bench", message: `Hello ${place}`, to: numberAt(place) }),
  );
  return { url: `${client.url}/compat/tikosms/v1/message`, headers: client.headers, bodies };
}

function telekom({ client }: ServerProcess, format: "json" | "xml"): Side {
  const token = keyOf(client.headers);
  const bodies = Array.from({ length: 10_000 }, (_, place) => {
    const fields = { token, from: "bench", text: `Hello ${place}`, to: numberAt(place) };
    const elements = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
    return format === "json" ? JSON.stringify(fields) : `<request>${elements.join("")}</request>`;
  });
  const headers = { "content-type": `application/${format}` };
  return { url: `${client.url}/compat/telekom/${format}/send_message`, headers, bodies };
}

const keyOf = (headers: Record<string, string>): string =>
  Object.entries(headers)
    .find(([name]) => name.toLowerCase() === "authorization")?.[1]
    .replace(/^Bearer /, "") ?? "";

async function acceptMany(
  { rounds, isShort, progress }: BenchRun,
  { client }: ServerProcess,
): Promise<Finding> {
  const count = isShort ? 10_000 : 100_000;
  const ours: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const recipients = Array.from({ length: count }, (_, place) => ({
      to: numberAt(place),
      client_ref: `order-${round}-${place}`,
    }));
    const body = JSON.stringify({ from: "bench", message: `Hello ${round}`, recipients });
    const begun = performance.now();
    const response = await fetch(`${client.url}/compat/tikosms/v1/messages`, {
      method: "POST",
      headers: { ...client.headers, "content-type": "application/json" },
      body,
    });
    const answer = (await response.json()) as { recipients?: number };
    const rate = count / ((performance.now() - begun) / 1_000);
    if (answer.recipients !== count) throw new Error(`It answered ${JSON.stringify(answer)}`);
    progress(`${count} recipients, round ${round}: ${Math.round(rate)}/s`);
    // The first one warms up.
    if (round > 0) ours.push(rate);
  }
  return {
    what: `POST v1/messages, ${count} recipients`,
    unit: "messages/s",
    ours,
    target: { atLeast: 60_000 },
  };
}
