import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request as send, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Client } from "pg";
import { startEmbeddedPostgres } from "../src/database/embedded-postgres.ts";
import { migrate } from "../src/database/migrate.ts";
import { twins, type Twin } from "../src/sandbox/twins.ts";
import { GraphqlClient } from "../test/support/graphql-client.ts";
import { eventually, freePort, startProcess } from "../test/support/process.ts";
import type { Benchmark, BenchRun, Finding } from "./support/benchmark.ts";
import type { Closers } from "./support/server.ts";

const patienceSeconds = 900;

/** How often an answer is lost after the provider has accepted: each that many submissions. */
const lostEvery: Readonly<Record<string, number>> = { TIKOSMS: 2, TONKRA: 2, TELEKOM: 60, QIKLI: 2 };

const lists = /\/get_messages(?:\?|$)|\/api\/(?:http|v3)\/sms\/?\?[^]*page=|\/sms\/1\/logs\?[^]*sentSince/;
const submissionPaths = /\/(?:message|messages|send|send_message|advanced)$/;

/** What a provider was asked, seen from between the server and its sandbox. */
interface Watched {
  url: string;
  /** When lists were asked for, in milliseconds. */
  listedAt: number[];
  /** How often each number was accepted. */
  accepted: Map<string, number>;
  lost: number;
}

/** Stands before a sandbox: passes everything on, and loses answers to submissions after the sandbox accepted. */
async function watch(kind: string, target: string, closers: Closers): Promise<Watched> {
  const watched = { url: "", listedAt: [] as number[], accepted: new Map<string, number>(), lost: 0 };
  const every = lostEvery[kind] ?? 0;
  let submissions = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const path = request.url ?? "";
      if (lists.test(path)) watched.listedAt.push(performance.now());
      const asked = await buffer(request);
      const answer = await pass(target, request, asked);
      const body = await buffer(answer);
      const isSubmission = request.method === "POST" && submissionPaths.test(path.split("?")[0] ?? "");
      if (isSubmission && !/DUPLICATE|"error"|ERROR/.test(body.toString())) {
        for (const [number] of asked.toString().matchAll(/(?<=\D)421\d{9}(?!\d)/g))
          watched.accepted.set(number, (watched.accepted.get(number) ?? 0) + 1);
        if (submissions++ % every === every - 1) {
          watched.lost++;
          return request.socket.destroy();
        }
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
    })().catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close().closeAllConnections());
  watched.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return watched;
}

async function pass(target: string, { method, url, headers }: IncomingMessage, body: Buffer) {
  const passed = send(new URL(url ?? "/", target), { method, headers });
  passed.end(body);
  const [answer] = (await once(passed, "response")) as [IncomingMessage];
  return answer;
}

/** How a provider is connected. */
const inputs: Readonly<Record<string, (credentials: Record<string, string>) => object>> = {
  TIKOSMS: (credentials) => ({ tikosms: credentials }),
  TONKRA: (credentials) => ({ tonkra: credentials }),
  TELEKOM: (credentials) => ({ telekom: credentials }),
  QIKLI: (credentials) => ({ qikli: credentials }),
};

interface Run {
  twin: Twin;
  watched: Watched;
}

async function startRun(client: GraphqlClient, twin: Twin, closers: Closers, count: number): Promise<Run> {
  const place = twins.indexOf(twin);
  const sandbox = await twin.start({ port: 0 });
  closers.push(() => sandbox.close());
  const watched = await watch(twin.kind, sandbox.url, closers);
  const credentials = {
    name: twin.title,
    ...sandbox.credentials,
    baseUrl: watched.url,
    defaultSender: "smsgraph",
  };
  const connected = await client.data<{ connectProvider: { id: string } }>(
    `mutation ($input: ConnectProviderInput!) {
      connectProvider(input: $input) { ... on Provider { id } }
    }`,
    { input: inputs[twin.kind]?.(credentials) },
  );
  const { id: providerId } = connected.connectProvider;
  const recipients = Array.from({ length: count }, (_, at) => ({
    to: `+42190${place + 1}${String(at).padStart(3, "0")}000`,
    values: { name: `n${at}` },
  }));
  // One text goes out in requests for many, a text for each in requests for one.
  const shared = Math.ceil(count * 0.8);
  await createCampaign(client, {
    name: "Shared",
    text: "Hello",
    providerId,
    recipients: recipients.slice(0, shared),
  });
  const own = recipients.slice(shared);
  await createCampaign(client, { name: "Own", text: "Hello {{name}}", providerId, recipients: own });
  return { twin, watched };
}

async function createCampaign(client: GraphqlClient, input: object): Promise<void> {
  const { createCampaign: created } = await client.data<{ createCampaign: { id: string; message?: string } }>(
    `mutation ($input: CreateCampaignInput!) {
      createCampaign(input: $input) { ... on Campaign { id } ... on Error { message } }
    }`,
    { input },
  );
  if (!created.id) throw new Error(created.message);
}

export const benchmark: Benchmark = {
  name: "settle",
  about:
    "Campaigns at each provider's sandbox while answers are lost after acceptance, no receipt comes and the worker is killed " +
    "once: how long until every outcome that a provider can tell is known, and whether anyone gets a message twice.",
  run,
};

async function run({ closers, isShort, progress }: BenchRun): Promise<Finding[]> {
  const count = isShort ? 60 : 600;
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-settle-"));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres(directory);
  closers.push(() => postgres.stop());
  await migrate(postgres.url);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const key = `key_${randomBytes(16).toString("hex")}`;
  const variables = {
    DATABASE_URL: postgres.url,
    SECRET_KEY: randomBytes(32).toString("base64"),
    DEVELOPMENT_KEY: key,
    // No receipt arrives there: outcomes are known only by asking.
    PUBLIC_URL: "http://127.0.0.1:9",
    PORT: String(port),
    SANDBOX: "false",
    LOG_LEVEL: "warn",
  };
  const start = async (role: string) => {
    const started = startProcess({ ...variables, ROLE: role });
    closers.push(() => started.end("SIGKILL"));
    await started.ready;
    return started;
  };
  await start("api");
  const worker = await start("worker");
  const client = new GraphqlClient(url, key);
  const database = new Client({ connectionString: postgres.url });
  await database.connect();
  closers.push(() => database.end());
  const begun = performance.now();
  const runs = await Promise.all(twins.map((twin) => startRun(client, twin, closers, count)));

  const states = async (): Promise<Map<string, Record<string, number>>> => {
    const { rows } = await database.query<{ kind: string; status: string; count: number }>(
      `select p.kind::text as kind, m.status::text as status, count(*)::int as count
      from messages as m join providers as p on p.id = m.provider_id group by 1, 2`,
    );
    return new Map(
      [...Map.groupBy(rows, ({ kind }) => kind)].map(([kind, own]) => [
        kind,
        Object.fromEntries(own.map((row) => [row.status, row.count])),
      ]),
    );
  };
  await eventually(async () => sumOf(await states(), "OUTCOME_UNKNOWN") > 0, { timeoutSeconds: 120 });
  await worker.end("SIGKILL");
  const killedAt = performance.now();
  await start("worker");

  const settledAt = new Map<string, number>();
  const isSettled = async (): Promise<boolean> => {
    const now = await states();
    for (const { twin, watched } of runs) {
      const own = now.get(twin.kind) ?? {};
      const total = Object.values(own).reduce((sum, one) => sum + one, 0);
      const open = ["QUEUED", "SUBMITTING", ...(twin.kind === "TELEKOM" ? [] : ["OUTCOME_UNKNOWN"])];
      if (total < count || open.some((status) => own[status])) continue;
      if (settledAt.has(twin.kind)) continue;
      settledAt.set(twin.kind, performance.now());
      const seconds = Math.round((performance.now() - begun) / 1000);
      progress(`${twin.title}: ${JSON.stringify(own)} after ${seconds} s, ${watched.lost} answers lost`);
    }
    await new Promise((done) => setTimeout(done, 500));
    return settledAt.size === runs.length;
  };
  await eventually(isSettled, { timeoutSeconds: patienceSeconds }).catch(async (error: unknown) => {
    progress(`${String(error)}: ${JSON.stringify([...(await states())])}`);
  });
  return runs.flatMap(({ twin, watched }) => findingsOf(twin, watched, killedAt, settledAt.get(twin.kind)));
}

function sumOf(states: Map<string, Record<string, number>>, status: string): number {
  return [...states.values()].reduce((sum, own) => sum + (own[status] ?? 0), 0);
}

function findingsOf(
  { title, kind }: Twin,
  { accepted, listedAt }: Watched,
  killedAt: number,
  settledAt = Infinity,
): Finding[] {
  const twice = [...accepted.values()].filter((times) => times > 1).length;
  const mostInASecond = Math.max(
    0,
    ...listedAt.map((at) => listedAt.filter((other) => other >= at && other < at + 950).length),
  );
  return [
    {
      what: `${title}: known after the kill`,
      unit: "ms",
      ours: [settledAt - killedAt],
      target: { atMost: patienceSeconds * 1000 },
    },
    { what: `${title}: accepted more than once`, unit: "times", ours: [twice], target: { atMost: 0 } },
    {
      what: `${title}: requests for a list (${listedAt.length}), the most in one second`,
      unit: "times",
      ours: [mostInASecond],
      ...(kind !== "TELEKOM" && { target: { atMost: 1 } }),
    },
  ];
}
