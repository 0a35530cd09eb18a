import { afterAll, beforeAll, describe, it } from "vitest";
import { twins, type RunningTwin, type Twin } from "../../src/sandbox/twins.ts";
import { startTestApp, type TestApp } from "../support/app.ts";

let app: TestApp;

/** All tests look at the same time with one key: on a busy machine they wait for each other longer than others may. */
const enough = { queries: 12, mutations: 300, cost: 1e9, waiting: 300, waitingCost: 1e9 };

beforeAll(async () => {
  app = await startTestApp({
    workerConcurrency: 40,
    operationLimits: { socket: enough, key: enough, account: enough, maxWaitMs: 120_000 },
    providerLimits: { headersTimeoutMs: 5_000, totalTimeoutMs: 10_000 },
  });
});

afterAll(() => app.stop());

interface State {
  status: string;
  events: { edges: { node: { status: string; applied: boolean } }[] };
}

async function connect(twin: Twin, server: RunningTwin, own: object = {}): Promise<string> {
  const connection = {
    name: twin.title,
    baseUrl: server.url,
    defaultSender: "smsgraph",
    ...server.credentials,
  };
  const { connectProvider } = await app.client.data<{ connectProvider: { id: string; callbackUrl: string } }>(
    `mutation ($input: ConnectProviderInput!) {
      connectProvider(input: $input) { ... on Provider { id callbackUrl } ... on Error { code message } }
    }`,
    { input: { [twin.kind.toLowerCase()]: { ...connection, ...own } } },
  );
  server.setCallbackUrl?.(connectProvider.callbackUrl);
  return connectProvider.id;
}

/** Each connection has people of its own: one of them says STOP. */
async function send(providerId: string, people: number, suffix: string): Promise<string> {
  // Long enough for the scenarios that are about parts.
  const text = suffix === "020" || suffix === "021" ? "x".repeat(400) : `Hello ${suffix}`;
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string; message?: string } }>(
    `mutation ($input: SendMessageInput!) {
      sendMessage(input: $input) { ... on Message { id } ... on Error { code message } }
    }`,
    { input: { providerId, to: `+42190${people + 1}000${suffix}`, text } },
  );
  return sendMessage.id;
}

async function read(id: string): Promise<State> {
  const { message } = await app.client.data<{ message: State }>(
    "query ($id: ID!) { message(id: $id) { status events(first: 100) { edges { node { status applied } } } } }",
    { id },
  );
  return message;
}

/** What each connection can be told beside its credentials. */
const variants: readonly { kind: string; title: string; own: object }[] = [
  { kind: "TIKOSMS", title: "TikoSMS", own: {} },
  { kind: "TONKRA", title: "Tonkra", own: {} },
  { kind: "TONKRA", title: "Tonkra v3", own: { api: "V3" } },
  { kind: "TELEKOM", title: "Telekom SK", own: {} },
  { kind: "TELEKOM", title: "Telekom SK in XML with a session", own: { format: "XML", useSession: true } },
  { kind: "QIKLI", title: "Qikli", own: {} },
  { kind: "QIKLI", title: "Qikli in XML", own: { format: "XML" } },
];

/** Nothing comes by itself, and the first look-up is a minute later. */
const waitsForLookUp = new Set(["TIKOSMS 005", "TIKOSMS 017", "TELEKOM 005", "TELEKOM 017", "TELEKOM 035"]);

describe.concurrent.each(variants)("$title", ({ kind, title, own }) => {
  const twin = twins.find((one) => one.kind === kind) as Twin;
  let server: RunningTwin;
  let providerId: string;

  beforeAll(async () => {
    server = await twin.start({ immediate: true });
    providerId = await connect(twin, server, own);
  });

  afterAll(() => server.close());

  it.for(twin.scenarios.map(({ suffix, name, expected }) => [suffix, name, expected] as const))(
    "a message of scenario %s (%s) ends as %s",
    { timeout: 300_000 },
    async ([suffix, , expected], { expect: expectHere }) => {
      const id = await send(
        providerId,
        variants.findIndex((one) => one.title === title),
        suffix,
      );
      const status = waitsForLookUp.has(`${kind} ${suffix}`) ? "SUBMITTED" : expected;
      const statusNow = async (): Promise<string> => (await read(id)).status;
      await expectHere.poll(statusNow, { timeout: 120_000, interval: 200 }).toBe(status);
      const { events } = await read(id);
      const submissions = events.edges.filter(({ node }) => node.status === "SUBMITTING");
      expectHere(submissions.length).toBeLessThanOrEqual(2);
    },
  );
});
