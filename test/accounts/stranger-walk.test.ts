import { randomUUIDv7 } from "node:crypto";
import { getNamedType, isObjectType, isRequiredArgument } from "graphql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { schema } from "../../src/graphql/schema/schema.ts";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { nodeNames, type NodeType } from "../../src/lib/node-type.ts";
import { applyChanges } from "../../src/messages/changes/transition.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { callbackUrlOf, post } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { callWith, idArguments, type IdArgument } from "../support/id-arguments.ts";
import { connectProvider } from "../support/mutations.ts";
import { selectAll } from "../support/schema-walk.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";

/** An account with everything in it, and a stranger: another account's key with all scopes. */
let app: TestApp;
let stranger: GraphqlClient;
let strangersProvider: string;
let strangersKey: string;
let theirs: Readonly<Record<NodeType, string>>;
let quarantined: string;
const nodeTypes = Object.keys(nodeNames) as NodeType[];
const nobodys = Object.fromEntries(nodeTypes.map((type) => [type, encodeId(type, idOf(type))])) as Record<
  NodeType,
  string
>;

function idOf(type: NodeType): string {
  return type === "MessageEvent" ? "987654321.987654321" : randomUUIDv7();
}

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, operatorKey: "operator-key-0123456789abcdef012345" });
  stranger = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
  strangersProvider = await connectProvider(stranger, { defaultSender: "Stranger" });
  theirs = await plant();
  const { apiKeys } = await stranger.data<{ apiKeys: { edges: { node: { id: string } }[] } }>(
    "{ apiKeys { edges { node { id } } } }",
  );
  strangersKey = apiKeys.edges[0]?.node.id ?? "";
});

afterAll(async () => {
  await stranger.close();
  await app.client.close();
  await app.stop();
});

interface Page {
  edges: { node: { id: string } }[];
}

const first = ({ edges }: Page): string => edges[0]?.node.id ?? "";

async function plant(): Promise<Record<NodeType, string>> {
  const { database } = app.services;
  const provider = await connectProvider(app.client, { name: "CANARY provider", defaultSender: "CANARY" });
  const { message, key, hook } = await app.client.data<{
    message: { id: string };
    key: { apiKey: { id: string } };
    hook: { webhook: { id: string } };
  }>(
    `mutation ($provider: ID!) {
      message: sendMessage(input: { to: "+421901777000", text: "CANARY text", clientRef: "CANARY ref" }) { ... on Message { id } }
      key: createApiKey(input: { name: "CANARY key", scopes: [READ] }) { ... on CreatedApiKey { apiKey { id } } }
      hook: createWebhook(input: { name: "CANARY hook", url: "http://127.0.0.1:9/CANARY" }) { ... on CreatedWebhook { webhook { id } } }
      suppressNumber(number: "+421901777001", reason: "CANARY") { __typename }
      setRates(input: { providerId: $provider, rates: [{ mccmnc: "231", price: "0.05", currency: "EUR" }] }) { __typename }
    }`,
    { provider },
  );
  const { id: campaign } = await storeCampaign(app, [], [], { name: "CANARY campaign" });
  const { token } = await app.client.data<{ token: { id: string } }>(
    `mutation ($id: ID!) { token: createWatchToken(input: { campaignId: $id }) { ... on WatchToken { id } } }`,
    { id: campaign },
  );
  const balance = randomUUIDv7();
  await database.prisma.balance.create({
    data: {
      id: balance,
      accountId: app.accountId,
      providerId: decodeId("Provider", provider),
      amount: "987654",
      currency: "EUR",
      fetchedAt: new Date(),
    },
  });
  await post(await callbackUrlOf(app, provider), '{"CANARY":1}');
  quarantined = String((await database.prisma.callback.findFirstOrThrow()).id);
  const read = await app.client.data<{
    message: { events: Page };
    rates: Page;
    auditLog: Page;
  }>(
    `query ($message: ID!, $provider: ID!) {
      message(id: $message) { events(first: 1) { edges { node { id } } } }
      rates(providerId: $provider) { edges { node { id } } }
      auditLog(first: 1) { edges { node { id } } }
    }`,
    { message: message.id, provider },
  );
  return {
    Provider: provider,
    Message: message.id,
    MessageEvent: first(read.message.events),
    Campaign: campaign,
    Balance: encodeId("Balance", balance),
    Rate: first(read.rates),
    Account: encodeId("Account", app.accountId),
    ApiKey: key.apiKey.id,
    Webhook: hook.webhook.id,
    AuditEntry: first(read.auditLog),
    IssuedWatchToken: token.id,
  };
}

/** Values with which a call gets as far as to the id. */
function fill(field: string, name: string): string | undefined {
  if (name === "to") return field === "sendCampaignTest" ? `["+421901000000"]` : `"+421901000000"`;
  if (name === "number") return `"+421901000000"`;
  if (field === "createCampaign" && name === "recipients") return `[{ to: "+421901000000" }]`;
  if (field === "createApiKey" && name === "scopes") return "[READ]";
  if (field === "retryCampaign" && name === "status") return "[FAILED]";
  if (field === "setRates" && name === "mccmnc") return `"231"`;
  if (field === "setRates" && name === "currency") return `"EUR"`;
  if (field === "replayWebhook" && name === "since") return `"2026-01-01T00:00:00Z"`;
  if (field === "createWebhook" && name === "url") return `"http://127.0.0.1:9/hook"`;
  if (field === "setApiKeyRestrictions" && name === "id") return `"${strangersKey}"`;
  if (field === "setApiKeyServing" && name === "callbackUrl") return `"http://127.0.0.1:9/hook"`;
  if (field === "updateWebhook" && name === "id") return `"${nobodys.Webhook}"`;
  if (field === "rate" && name === "to") return `"+421901000000"`;
  if (field === "statistics" && name === "until") return `"2026-01-02T00:00:00Z"`;
  return undefined;
}

/** Takes an id of any type. */
const takesAny = "auditLog(filter.targetId)";

const selectionOf = ({ field }: IdArgument, depth: number): string =>
  selectAll(schema, getNamedType(field.type), (_type, { args }) => !args.some(isRequiredArgument), depth);

/** What a caller is answered, with the id that it gave left out. */
async function answer(
  client: GraphqlClient,
  argument: IdArgument,
  type: NodeType,
  id: string,
): Promise<string> {
  for (const depth of [1, 0]) {
    const call = callWith(argument, id, fill);
    const result = await client.send(`${argument.operation} { ${call} { ${selectionOf(argument, depth)} } }`);
    if (result.errors?.some(({ extensions }) => extensions?.code === "QUERY_TOO_COMPLEX")) continue;
    return JSON.stringify(result).replaceAll(id, "ID").replaceAll(decodeId(type, id), "ID");
  }
  throw new Error(`${argument.field.name} cannot be asked at all`);
}

const nameOf = ({ field, path }: IdArgument): string => `${field.name}(${path.join(".")})`;

const asked = idArguments(schema).filter(({ operation }) => operation !== "subscription");

it.each(asked.map((argument) => [nameOf(argument), argument] as const))(
  "%s answers a stranger with another account's id as with one that never was",
  async (name, argument) => {
    const answers = new Set<string>();
    for (const type of nodeTypes) {
      const never = await answer(stranger, argument, type, nobodys[type]);
      expect([type, await answer(stranger, argument, type, theirs[type])]).toEqual([type, never]);
      answers.add(never);
    }
    // An id of the right type is told from the others, or the walk did not get as far as to the id.
    const isForbidden = [...answers].every((text) => text.includes('"FORBIDDEN"'));
    expect([isForbidden || answers.size > 1 || name === takesAny, [...answers][0]]).toEqual([
      true,
      expect.any(String),
    ]);
  },
);

it("no list, sum or setting that a stranger asks for holds anything of another account, cursors of that account included", async () => {
  const traces = [...Object.values(theirs), "CANARY", "421901777", app.accountId];
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(
    ({ args }) => !args.some(isRequiredArgument),
  );
  expect(fields.length).toBeGreaterThan(15);
  for (const field of fields) {
    const connection = getNamedType(field.type);
    const isPaged = isObjectType(connection) && "pageInfo" in connection.getFields();
    const cursors = isPaged ? await cursorsOf(field.name) : [];
    for (const args of [
      "",
      ...cursors.flatMap((cursor) => [`(first: 5, after: "${cursor}")`, `(last: 5, before: "${cursor}")`]),
    ]) {
      let text = "";
      for (const depth of [3, 2, 1]) {
        const selection = selectAll(
          schema,
          connection,
          (_type, inner) => !inner.args.some(isRequiredArgument),
          depth,
        );
        const braces = isObjectType(connection) ? ` { ${selection} }` : "";
        const result = await stranger.send(`{ ${field.name}${args}${braces} }`);
        text = JSON.stringify(result);
        if (!text.includes("QUERY_TOO_COMPLEX")) break;
      }
      expect([field.name, args, traces.filter((trace) => text.includes(trace))]).toEqual([
        field.name,
        args,
        [],
      ]);
    }
  }
});

async function cursorsOf(field: string): Promise<string[]> {
  const { data } = await app.client.send<Record<string, { pageInfo: { endCursor: string | null } }>>(
    `{ ${field}(first: 1) { pageInfo { endCursor } } }`,
  );
  const cursor = data?.[field]?.pageInfo.endCursor;
  return cursor == null ? [] : [cursor];
}

/** What a subscription's argument means. @throws Error for a new one */
function typeOf({ field, path }: IdArgument): NodeType {
  const known: Readonly<Record<string, NodeType>> = {
    providerId: "Provider",
    campaignId: "Campaign",
    messageIds: "Message",
    "campaignProgress.id": "Campaign",
    "messageChanged.id": "Message",
    "providerChanged.id": "Provider",
  };
  const name = path.at(-1) ?? "";
  const type = known[name] ?? known[`${field.name}.${name}`];
  if (type) return type;
  throw new Error(`${nameOf({ operation: "subscription", field, path })} is new: say what it takes`);
}

it("a stranger who subscribes to another account's things sees the same as with ids that never were, also while they change", async () => {
  const subscriptions = idArguments(schema).filter(({ operation }) => operation === "subscription");
  expect(subscriptions.length).toBeGreaterThan(5);
  const watch = (argument: IdArgument, id: string) => {
    const frames: string[] = [];
    const stream = stranger.subscribe(`subscription { ${callWith(argument, id, fill)} { __typename } }`);
    const ended = (async () => {
      for await (const frame of stream) frames.push(JSON.stringify(frame).replaceAll(id, "ID"));
    })().catch((error: unknown) => frames.push(JSON.stringify(error).replaceAll(id, "ID")));
    return { frames, ended, stop: async () => stream.return?.() };
  };
  const pairs = subscriptions.map((argument) => {
    const type = typeOf(argument);
    return {
      name: nameOf(argument),
      theirs: watch(argument, theirs[type]),
      never: watch(argument, nobodys[type]),
    };
  });
  const own = stranger.subscribe<{ messageEvents: { __typename: string } }>(
    "subscription { messageEvents { __typename } }",
  );
  await own.next();
  await expect.poll(() => pairs.every(({ never }) => never.frames.length > 0)).toBe(true);
  const messageId = decodeId("Message", theirs.Message);
  await app.services.database.transaction((transaction) =>
    applyChanges(transaction, [{ messageId, status: "SENT", source: "CALLBACK", receivedAt: new Date() }]),
  );
  await app.client.data(
    `mutation ($provider: ID!, $campaign: ID!) {
      updateProvider(input: { id: $provider, name: "CANARY other" }) { __typename }
      pauseCampaign(id: $campaign) { __typename }
    }`,
    { provider: theirs.Provider, campaign: theirs.Campaign },
  );
  await stranger.data(
    `mutation { sendMessage(input: { to: "+421901000000", text: "Mine", providerId: "${strangersProvider}" }) { __typename } }`,
  );
  let mine = await own.next();
  while (mine.value?.data?.messageEvents.__typename !== "MessageEventBatch") mine = await own.next();
  for (const { name, theirs: one, never } of pairs) expect([name, one.frames]).toEqual([name, never.frames]);
  await own.return?.();
  await Promise.all(pairs.flatMap((pair) => [pair.theirs.stop(), pair.never.stop()]));
});

it("exports, callbacks, numbers of callbacks and the served APIs tell a stranger of another account's things what they tell of nothing", async () => {
  const ask = async (path: string, init: RequestInit = {}, by = stranger): Promise<string> => {
    const headers = { "content-type": "application/json", ...by.headers };
    const response = await fetch(`${app.url}${path}`, { headers, ...init });
    return `${response.status} ${await response.text()}`;
  };
  const both = async (path: (id: string) => string, type: NodeType, isLocal = false): Promise<void> => {
    const [one, never] = [theirs[type], nobodys[type]].map((id) => (isLocal ? decodeId(type, id) : id)) as [
      string,
      string,
    ];
    const told = (await ask(path(one))).replaceAll(one, "ID");
    expect(told).toBe((await ask(path(never))).replaceAll(never, "ID"));
    expect(await ask(path(one), {}, app.client)).toMatch(/^200/);
    expect(told).not.toMatch(/^200/);
  };
  await both((id) => `/campaigns/${encodeURIComponent(id)}/messages.csv`, "Campaign");
  const served = "/compat/tikosms/v1";
  await both((id) => `${served}/get_message?message_id=${id}`, "Message", true);
  await both((id) => `${served}/get_messages?campaign_id=${id}`, "Campaign", true);
  expect(await ask("/suppressions.csv")).not.toContain("421901777");
  const secret = new URL(await callbackUrlOf({ ...app, client: stranger }, strangersProvider)).pathname
    .split("/")
    .at(-1);
  for (const end of ["", "/inbound"])
    for (const local of [decodeId("Provider", theirs.Provider), randomUUIDv7()])
      expect(await ask(`/callbacks/${local}/${secret}${end}`, { method: "POST", body: "{}" })).toMatch(
        /^404 .*no such address/,
      );
  const reprocess = (number: string) =>
    stranger.data(
      `mutation { reprocessReceipts(numbers: ["${number}"]) { ... on ReprocessedReceipts { read } } }`,
    );
  expect(await reprocess(quarantined)).toEqual(await reprocess("987654321"));
  expect(await stranger.data(`{ message(clientRef: "CANARY ref") { id } }`)).toEqual({ message: null });
});
