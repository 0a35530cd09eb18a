import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { Deployment } from "../support/deployment.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import type { SmsgraphProcess } from "../support/process.ts";

/**
 * Everything that must stay secret is put in through every door of a started server that logs all it can, with a
 * provider that repeats in its errors what it was sent. Then the database and the log are searched for it.
 */
let deployment: Deployment;
let process: SmsgraphProcess;
let client: GraphqlClient;
let provider: Server;
let providerUrl: string;

const operatorKey = `operator-${randomBytes(16).toString("hex")}`;
const metricsToken = `metrics-${randomBytes(16).toString("hex")}`;
const marks = {
  secrets: new Set([operatorKey, metricsToken]),
  texts: new Set<string>(),
  numbers: new Set<string>(),
};

const secret = (): string => {
  const made = `CANARYsecret${randomBytes(20).toString("hex")}`;
  marks.secrets.add(made);
  return made;
};
const text = (): string => {
  const made = `CANARYtext${randomBytes(6).toString("hex")} end`;
  marks.texts.add(made);
  return made;
};
const number = (): string => {
  const made = `4219${["01", "05", "07", "08"][randomInt(4)]}${randomInt(100_000, 1_000_000)}`;
  marks.numbers.add(made);
  return `+${made}`;
};

beforeAll(async () => {
  provider = createServer((request, response) => {
    void textOf(request).then((body) => {
      const told = JSON.stringify({ error: `${request.url} ${JSON.stringify(request.headers)} ${body}` });
      const kinds = [500, 400, 401, 422, 200, 0];
      const status = kinds[randomInt(kinds.length)] ?? 500;
      if (status === 0) return response.destroy();
      return response.writeHead(status, { "content-type": "application/json" }).end(told);
    });
  });
  provider.listen(0, "127.0.0.1");
  await once(provider, "listening");
  providerUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  deployment = await Deployment.create();
  process = await deployment.start("all", {
    LOG_LEVEL: "trace",
    OPERATOR_KEY: operatorKey,
    METRICS_TOKEN: metricsToken,
    SECRET_KEY: randomBytes(32).toString("base64"),
  });
  client = deployment.client;
  marks.secrets.add(client.key ?? "");
  await deployment.connect();
  marks.secrets.add(deployment.double.token);
});

afterAll(async () => {
  await deployment.close();
  provider.closeAllConnections();
  provider.close();
});

const call = (document: string, variables: Record<string, unknown> = {}) =>
  client.send<object>(document, variables);

/** Every answer may hold secrets that are shown this once. */
async function ask<Data>(document: string, variables: Record<string, unknown> = {}): Promise<Data> {
  const data = await client.data<Data>(document, variables);
  const answer = JSON.stringify(data);
  for (const [, found = ""] of answer.matchAll(/"(sg_[\w-]+|sgw_[\w-]+|whsec_[\w+/=-]+)"/g))
    marks.secrets.add(found);
  for (const [, found = ""] of answer.matchAll(/\/callbacks\/[\w-]+\/([\w-]+)"/g)) marks.secrets.add(found);
  return data;
}

async function putProviders(): Promise<string[]> {
  const common = { baseUrl: providerUrl, defaultSender: "smsgraph" };
  const accounts = [
    { tikosms: { name: "A", apiToken: secret(), ...common } },
    { tonkra: { name: "B", apiToken: secret(), ...common } },
    { telekom: { name: "C", token: secret(), ...common } },
    { qikli: { name: "D", username: "user", password: secret(), ...common } },
  ];
  const ids: string[] = [];
  for (const input of accounts) {
    const { result } = await ask<{ result: { id: string } }>(
      `mutation ($input: ConnectProviderInput!) { result: connectProvider(input: $input) { ... on Provider { id callbackUrl } ... on Error { message } } }`,
      { input },
    );
    ids.push(result.id);
    const given = { tikosms: "apiToken", tonkra: "apiToken", telekom: "token", qikli: "password" };
    const name = given[Object.keys(input)[0] as keyof typeof given];
    await ask(`mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }`, {
      input: { id: result.id, [name]: secret() },
    });
    await ask(
      `mutation ($id: ID!) {
        rotateCallbackSecret(id: $id) { ... on Provider { callbackUrl } }
        checkProvider(id: $id) { ... on ProviderCheck { detail } ... on Error { message } }
        refreshBalance(providerId: $id) { __typename }
        refreshRates(providerId: $id) { __typename }
      }`,
      { id: result.id },
    );
  }
  return ids;
}

async function putKeys(): Promise<void> {
  const { key, hook } = await ask<{ key: { apiKey: { id: string } }; hook: { webhook: { id: string } } }>(
    `mutation {
      key: createApiKey(input: { name: "k", scopes: [READ, SEND] }) { ... on CreatedApiKey { secret apiKey { id } } }
      hook: createWebhook(input: { name: "w", url: "${providerUrl}/hook" }) { ... on CreatedWebhook { secret webhook { id } } }
      audit: createWebhook(input: { name: "a", url: "${providerUrl}/audit", stream: AUDIT }) { ... on CreatedWebhook { secret } }
    }`,
  );
  await ask(
    `mutation ($key: ID!, $hook: ID!) {
      rotateApiKey(id: $key) { ... on CreatedApiKey { secret } }
      rotateWebhookSecret(id: $hook) { ... on RotatedWebhookSecret { secret } }
      sendTestWebhook(id: $hook) { __typename }
    }`,
    { key: key.apiKey.id, hook: hook.webhook.id },
  );
  const operator = new GraphqlClient(client.url, operatorKey);
  const { data } = await operator.send<{ createAccount: { firstKey: string } }>(
    `mutation { createAccount(name: "Other") { ... on CreatedAccount { firstKey } } }`,
  );
  marks.secrets.add(data?.createAccount.firstKey ?? "");
  // Keys that are not ours, and keys in the wrong places.
  const wrong = secret();
  await new GraphqlClient(client.url, wrong).send("{ viewer { keyName } }");
  await fetch(`${client.url}/graphql?key=${secret()}`, { headers: { authorization: `Basic ${secret()}` } });
  await fetch(`${client.url}/metrics`, { headers: { authorization: `Bearer ${secret()}` } });
  await fetch(`${client.url}/campaigns/x/messages.csv`, { headers: { authorization: `Bearer ${wrong}` } });
  const socket = new GraphqlClient(client.url, secret());
  await socket
    .subscribe("subscription { messageEvents { __typename } }")
    .next()
    .catch(() => undefined);
  await socket.close();
}

async function putMessages(providerIds: readonly string[]): Promise<string> {
  const input = (more: object = {}) => ({
    to: number(),
    text: text(),
    clientRef: `ref ${number()}`,
    ...more,
  });
  const document = `mutation ($messages: [SendMessageInput!]!) { sendMessages(input: { messages: $messages }) {
    ... on SendMessagesSuccess { results { ... on Message { id } ... on Error { message } } } } }`;
  const messages = [
    ...providerIds.map((providerId) => input({ providerId })),
    input(),
    input({ to: `${number()}x` }),
  ];
  const { sendMessages } = await ask<{ sendMessages: { results: { id?: string }[] } }>(document, {
    messages,
  });
  await ask(
    `mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { ... on Campaign { id } ... on Error { message } } }`,
    {
      input: {
        name: "C",
        text: `${text()} {{a}}`,
        recipients: [
          { to: number(), values: { a: text() } },
          { to: number(), values: { a: text() } },
          { to: `${number()}1234567` },
        ],
      },
    },
  );
  await upload();
  await call(`{ quote(input: { text: "${text()}", recipients: [{ to: "${number()}" }] }) { messages } }`);
  await call(`{ lookupPhoneNumber(number: "${number()}", providerId: "${providerIds[0]}") { __typename } }`);
  await call(`{ messages(filter: { search: "${number()}" }) { edges { cursor } } }`);
  // Documents that are none, with what people write into them.
  await call(`mutation { sendMessage(input: { to: "${number()}", text: "${text()}" `);
  await call(`mutation { sendMessage(input: { to: "${number()}", text: "${text()}", nothing: 1 }) { id } }`);
  await call(document, { messages: [{ to: number(), text: { no: text() } }] });
  await fetch(`${client.url}/graphql`, {
    method: "POST",
    headers: client.headers,
    body: `{"query": "${text()} ${number()}`,
  });
  return sendMessages.results.at(-2)?.id ?? "";
}

async function upload(): Promise<void> {
  const query = `mutation ($file: Upload!) { createCampaign(input: { name: "F", text: "${text()}", file: $file }) { __typename } }`;
  const form = new FormData();
  form.set("operations", JSON.stringify({ query, variables: { file: null } }));
  form.set("map", JSON.stringify({ 0: ["variables.file"] }));
  form.set("0", new Blob([`phone,${text()}\n${number()},${text()}\n"${number()}`]), "numbers.csv");
  const headers = { ...client.headers, "apollo-require-preflight": "true" };
  await fetch(`${client.url}/graphql`, { method: "POST", headers, body: form });
}

const post = (url: string, body: string, type = "application/json") =>
  fetch(url, { method: "POST", headers: { "content-type": type }, body });

async function putCallbacks(messageId: string): Promise<void> {
  const { providers } = await ask<{ providers: { callbackUrl: string }[] }>(
    "{ providers { id callbackUrl } }",
  );
  for (const { callbackUrl } of providers) {
    await post(
      callbackUrl,
      JSON.stringify({ update: { client_ref: messageId, status: text(), number: number() } }),
    );
    await post(callbackUrl, `not JSON ${text()} ${number()}`);
    await post(callbackUrl, `<a>${text()}</a>`, "text/xml");
    await post(`${callbackUrl}/inbound`, JSON.stringify({ from: number(), to: number(), text: text() }));
    await post(callbackUrl.replace(/[^/]+$/, secret()), text());
    await fetch(`${callbackUrl}?number=${number().slice(1)}&text=${encodeURIComponent(text())}`);
  }
}

/** What PostgreSQL refuses, for reasons that nobody expects. */
async function putIntoTrouble(): Promise<void> {
  const { providers } = await ask<{ providers: { callbackUrl: string }[] }>("{ providers { callbackUrl } }");
  await deployment.database.query("alter table messages add constraint trouble check (false) not valid");
  const document = `mutation ($to: String!, $text: String!) { sendMessage(input: { to: $to, text: $text }) { __typename } }`;
  const { errors } = await call(document, { to: number(), text: text() });
  expect(errors?.[0]?.extensions?.code).toBe("INTERNAL");
  for (const { callbackUrl } of providers)
    await post(`${callbackUrl}/inbound`, JSON.stringify({ from: number(), to: number(), text: text() }));
  await deployment.database.query("alter table messages drop constraint trouble");
}

/** Who asks to be forgotten; returns the number. */
async function putErasure(): Promise<string> {
  const person = number();
  await ask(
    `mutation ($to: String!, $text: String!) { sendMessage(input: { to: $to, text: $text }) { __typename } }`,
    {
      to: person,
      text: text(),
    },
  );
  await ask(
    `mutation ($number: String!) {
      suppressNumber(number: $number, reason: "asked") { __typename }
      unsuppressNumber(number: $number) { __typename }
      importSuppressions(input: { numbers: [$number] }) { __typename }
      eraseRecipient(number: $number) { __typename }
    }`,
    { number: person },
  );
  return person.slice(1);
}

/** Every row of every table as text, bytes as they are written in hexadecimal digits. */
async function dump(): Promise<string[]> {
  const { rows: tables } = await deployment.database.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const lines: string[] = [];
  for (const { name } of tables) {
    const { rows } = await deployment.database.query<{ line: string }>(
      `select t::text as line from ${name} as t`,
    );
    lines.push(...rows.map(({ line }) => `${name} ${line}`));
  }
  return lines;
}

const shown = (lines: readonly string[], words: readonly string[]): string[] =>
  lines.filter((line) => words.some((word) => line.includes(word))).map((line) => line.slice(0, 300));

it("no secret is in the database but as a hash or encrypted, none in the log at level trace, and there no text and no whole number either", async () => {
  const providerIds = await putProviders();
  await putKeys();
  const messageId = await putMessages(providerIds);
  const { createWatchToken } = await ask<{ createWatchToken: { token: string } }>(
    `mutation ($id: ID!) { createWatchToken(input: { messageId: $id }) { ... on WatchToken { token } ... on Error { message } } }`,
    { id: messageId },
  );
  await new GraphqlClient(client.url, createWatchToken.token).send(
    `{ message(id: "${messageId}") { text } }`,
  );
  await putCallbacks(decodeId("Message", messageId));
  const erased = await putErasure();
  await putIntoTrouble();
  // What the provider answers is a matter of chance; all its kinds of answers have come when these have ended.
  await expect
    .poll(
      async () =>
        (await deployment.database.query("select 1 from messages where status in ('QUEUED', 'SUBMITTING')"))
          .rowCount,
    )
    .toBe(0);

  const lines = await dump();
  const secrets = [...marks.secrets].filter((mark) => mark !== "");
  expect(secrets.length).toBeGreaterThan(25);
  const encoded = secrets.flatMap((mark) => [
    mark,
    Buffer.from(mark).toString("hex"),
    Buffer.from(mark).toString("base64url").slice(0, -2),
  ]);
  expect(shown(lines, encoded)).toEqual([]);
  expect(shown(lines, [erased])).toEqual([]);
  // The search finds what is there.
  expect(shown(lines, [...marks.texts]).length).toBeGreaterThan(5);

  const log = process
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  expect(log.length).toBeGreaterThan(10);
  expect(log.join("\n")).toContain("trouble");
  expect(shown(log, encoded)).toEqual([]);
  expect(shown(log, [...marks.texts, "CANARYtext"])).toEqual([]);
  expect(shown(log, [...marks.numbers])).toEqual([]);
});
