import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { startOtlpCollector, type CollectedSpan, type OtlpCollector } from "../support/otlp-collector.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import { eventually, startProcess, type SmsgraphProcess } from "../support/process.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const callersSpan = "00f067aa0ba902b7";
const text = "The secret of the text";
/** Prints what is loaded of OpenTelemetry, apart from the API alone, which prom-client loads anyway. */
const showLoaded = `--import=data:text/javascript,${encodeURIComponent(
  `import { registerHooks } from "node:module";
  registerHooks({ load(url, context, next) { if (/@opentelemetry.(?!api.)|open-telemetry.ts/.test(url)) process.stdout.write("loaded " + url + "\\n"); return next(url, context); } });`,
)}`;

async function start(
  { url }: TestDatabase,
  variables: Record<string, string> = {},
): Promise<{ app: SmsgraphProcess; client: GraphqlClient }> {
  const DATA_DIR = await mkdtemp(join(tmpdir(), "smsgraph-tracing-"));
  const app = startProcess({
    DATABASE_URL: url,
    DATA_DIR,
    PORT: "0",
    NODE_OPTIONS: showLoaded,
    ...variables,
  });
  await app.ready;
  return { app, client: new GraphqlClient(app.url(), app.key()) };
}

/** Sends through the sandbox of TikoSMS, in a trace of the caller's. */
async function send({ url, headers }: GraphqlClient, to: string, providerId: string): Promise<string> {
  const query = `mutation Greet($input: SendMessageInput!) {
    sendMessage(input: $input) { ... on Message { id } ... on Error { code message } }
  }`;
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      traceparent: `00-${traceId}-${callersSpan}-01`,
    },
    body: JSON.stringify({ query, variables: { input: { to, text, providerId } } }),
  });
  const { data } = (await response.json()) as { data: { sendMessage: { id: string } } };
  return data.sendMessage.id;
}

const statusOf = async (client: GraphqlClient, id: string): Promise<string> => {
  const query = "query ($id: ID!) { message(id: $id) { status } }";
  return (await client.data<{ message: { status: string } }>(query, { id })).message.status;
};

async function tikosmsOf(client: GraphqlClient): Promise<string> {
  const { providers } = await client.data<{ providers: { id: string; kind: string }[] }>(
    "{ providers { id kind } }",
  );
  return providers.find(({ kind }) => kind === "TIKOSMS")?.id ?? "";
}

describe("with a collector", () => {
  let database: TestDatabase;
  let collector: OtlpCollector;
  let spans: CollectedSpan[];
  let output: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    collector = await startOtlpCollector();
    const { app, client } = await start(database, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      ALLOW_INSECURE_WEBHOOKS: "true",
    });
    const receiver = await startWebhookReceiver();
    await client.data(
      `mutation ($url: String!) {
        createWebhook(input: { name: "Shop", url: $url }) { ... on CreatedWebhook { __typename } ... on Error { message } }
      }`,
      { url: receiver.url },
    );
    const events = client.subscribe(`subscription {
      messageEvents { __typename ... on MessageEventBatch { events { status message { to } } } }
    }`);
    await events.next();
    const providerId = await tikosmsOf(client);
    const delivered = await send(client, "+421901000000", providerId);
    const refused = await send(client, "+421901000018", providerId);
    await eventually(async () => (await statusOf(client, delivered)) === "DELIVERED");
    await eventually(() => receiver.taken().some(({ status }) => status === "DELIVERED"));
    await eventually(async () => /REJECTED|FAILED/.test(await statusOf(client, refused)));
    await client.data(
      `mutation ($providerId: ID!) {
        createCampaign(input: {
          name: "Spring", text: "${text}", providerId: $providerId
          recipients: [{ to: "+421901000100" }, { to: "+421901000200" }]
        }) { ... on Campaign { id } ... on Error { code message } }
      }`,
      { providerId },
    );
    await eventually(async () => {
      type Counted = { campaigns: { edges: { node: { counts: { delivered: number } } }[] } };
      const { campaigns } = await client.data<Counted>(
        "{ campaigns(first: 1) { edges { node { counts { delivered } } } } }",
      );
      return campaigns.edges[0]?.node.counts.delivered === 2;
    });
    // What is left is sent when the process stops.
    expect(await app.end("SIGTERM")).toEqual({ code: 0, signal: null });
    output = app.output();
    await receiver.close();
    ({ spans } = collector);
  });

  afterAll(async () => {
    await collector.close();
    await database.drop();
  });

  const inTrace = (id: string): CollectedSpan[] => spans.filter((span) => span.traceId === id);

  it("one message is one connected trace below the caller's span: mutation, job, request, receipt, push", () => {
    const trace = inTrace(traceId);
    const names = new Set(trace.map(({ name }) => name));
    expect([...names].toSorted()).toEqual([
      "POST",
      "mutation",
      "process dispatch",
      "process receipt",
      "push subscriptions",
      "push webhooks",
      "send TIKOSMS",
    ]);
    const known = new Set([callersSpan, ...trace.map(({ spanId }) => spanId)]);
    expect(trace.filter(({ parentSpanId }) => !known.has(parentSpanId))).toEqual([]);
    const parentOf = (name: string): string | undefined => {
      const parent = trace.find((span) => span.name === name)?.parentSpanId;
      return trace.find(({ spanId }) => spanId === parent)?.name;
    };
    expect(trace.find(({ name }) => name === "mutation")?.parentSpanId).toBe(callersSpan);
    expect(parentOf("process dispatch")).toBe("mutation");
    expect(parentOf("send TIKOSMS")).toBe("process dispatch");
    expect(parentOf("POST")).toBe("send TIKOSMS");
    expect(parentOf("process receipt")).toBe("mutation");
    expect(parentOf("push subscriptions")).toBe("mutation");
    expect(parentOf("push webhooks")).toBe("mutation");
  });

  it("a receipt is linked to the callback request or the job that brought it", () => {
    const receipts = inTrace(traceId).filter(({ name }) => name === "process receipt");
    const bringers = receipts.flatMap(({ links }) =>
      links.map(({ spanId }) => spans.find((span) => span.spanId === spanId)?.name),
    );
    expect(bringers).toContain("POST /callbacks/:providerId/:secret");
  });

  it("a refused message ends its span with an error and a code", () => {
    const failed = inTrace(traceId).filter(({ name, isError }) => isError && name === "send TIKOSMS");
    expect(failed.map(({ attributes }) => attributes["error.type"])).toEqual([
      expect.stringMatching(/^[a-z_]+$/),
    ]);
  });

  it("a campaign is one trace: its mutation, its expansion, its request, and receipts and events of its messages", () => {
    const [expansion] = spans.filter(({ name }) => name === "process expand-campaign");
    const trace = inTrace(expansion?.traceId ?? "");
    const names = trace.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["mutation", "send TIKOSMS", "process receipt", "push subscriptions"]),
    );
    const known = new Set(trace.map(({ spanId }) => spanId));
    expect(trace.filter(({ parentSpanId }) => !known.has(parentSpanId)).map(({ name }) => name)).toEqual([
      "mutation",
    ]);
  });

  it("no attribute holds a text or a full number", () => {
    const held = JSON.stringify(spans);
    expect(spans.length).toBeGreaterThan(10);
    expect(held).not.toContain(text);
    expect(held).not.toMatch(/421901000/);
  });

  it("the service has a name, and OpenTelemetry was loaded", () => {
    expect(collector.resource["service.name"]).toBe("smsgraph");
    expect(output).toContain("@opentelemetry/sdk-trace");
  });
});

describe("without a collector", () => {
  it("no SDK is loaded, and no trace is stored", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const { app, client } = await start(database);
    const id = await send(client, "+421901000000", await tikosmsOf(client));
    await eventually(async () => (await statusOf(client, id)) === "DELIVERED");
    const stored = new Client({ connectionString: database.url });
    await stored.connect();
    const { rows } = await stored.query("select trace from messages");
    await stored.end();
    expect(rows).toEqual([{ trace: null }]);
    await app.end("SIGTERM");
    expect(app.output()).not.toContain("loaded ");
  });

  it("a collector that does not answer keeps no process from stopping", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const { app, client } = await start(database, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" });
    await tikosmsOf(client);
    expect(await app.end("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  it("spans that a collector refuses are logged", async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const collector = createServer((_request, response) => void response.writeHead(404).end()).listen(0);
    onTestFinished(() => void collector.close());
    const { port } = collector.address() as AddressInfo;
    const { app, client } = await start(database, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    });
    await tikosmsOf(client);
    await app.end("SIGTERM");
    expect(app.output()).toContain("traces could not be sent");
  });
});
