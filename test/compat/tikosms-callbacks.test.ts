import { afterAll, beforeAll, expect, test } from "vitest";
import { newKey } from "../../src/access/api-keys.ts";
import { storeKey } from "../../src/access/store-key.ts";
import { registry } from "../../src/providers/registry.ts";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch } from "../support/compat.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { eventually } from "../support/process.ts";
import { startReportReceiver, type ReportReceiver } from "../support/report-receiver.ts";

let app: TestApp;
let sandbox: TikosmsSandbox;
let client: ReportReceiver;

beforeAll(async () => {
  client = await startReportReceiver();
  app = await startTestApp({ webhookLimits: { retryDelaysMs: [20] } });
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.stop();
  await sandbox.close();
  await client.close();
});

const post = async (path: string, body: object) =>
  (
    await compatFetch(app, `/tikosms${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    })
  ).json;

const message = { from: "MySender", message: "Your OTP is 1234", to: "380501234567" };

const to = (path: string) => client.received.filter((report) => report.path === path);
const taken = (path: string) => to(path).filter(({ status }) => status === 200);

test("a message's callbacks come as printed: create with SENT, then update with its end", async () => {
  const url = `${client.origin}/callback`;
  const sent = await post("/v1/message", { ...message, callback_url: url, client_ref: "order-123" });
  await eventually(() => taken("/callback").length === 2);
  const same = {
    message_id: sent.message_id,
    from: "MySender",
    to: "380501234567",
    callback_url: url,
    client_ref: "order-123",
    mccmnc: "255001",
    cost: 0.045,
    part: 1,
    total_parts: 1,
  };
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  expect(taken("/callback").map(({ json }) => json)).toEqual([
    { create: { ...same, mccmnc: expect.anything(), status: "SENT", sent_at: time } },
    {
      update: {
        ...same,
        status: "DELIVRD",
        delivered_at: time,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/),
      },
    },
  ]);
  expect(to("/callback")[0]?.headers).toMatchObject({
    "user-agent": "TikoSMS-Callback/1.0",
    "content-type": "application/json",
  });
});

test.each(["message", "messages"])("the printed example of %s is taken, escapes and all", async (name) => {
  const url = `${client.origin}/printed-${name}`;
  const recipient = '"to": "380501234567",\n"client_ref": "order-1"';
  const printed = `{
"from": "MySender",
"message": "Your OTP is 1234",
${name === "message" ? recipient : `"recipients": [\n{\n${recipient}\n}\n]`},
"callback_url": "${url.replaceAll("/", "\\/")}"
}`;
  const sent = await compatFetch(app, `/tikosms/v1/${name}`, {
    method: "POST",
    headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
    body: printed,
  });
  expect([sent.status, sent.json.success]).toEqual([200, true]);
  await eventually(() => taken(`/printed-${name}`).length === 2);
  expect(taken(`/printed-${name}`)[1]?.json.update).toMatchObject({
    client_ref: "order-1",
    callback_url: url,
    status: "DELIVRD",
  });
});

test("callbacks are repeated until they are answered 200, and the next of the message waits for that", async () => {
  let refusals = 4;
  client.answer(({ path }) =>
    path === "/slow" && refusals-- > 0 ? ([500, 204, 302, 410][refusals] ?? 500) : 200,
  );
  await post("/v1/message", { ...message, callback_url: `${client.origin}/slow` });
  await eventually(() => taken("/slow").length === 2);
  expect(to("/slow").map(({ json }) => Object.keys(json)[0])).toEqual([
    ...Array.from({ length: 5 }, () => "create"),
    "update",
  ]);
});

test("an account whose endpoint answers nothing holds up nobody else's behind the same origin", async () => {
  const silent = Promise.withResolvers<number>();
  client.answer(({ path }) => (path === "/silent" ? silent.promise : 200));
  const owner = await app.createAccount();
  const key = await app.createKey(undefined, owner);
  const { sandbox: theirs } = await connectTestSandbox({
    ...app,
    client: new GraphqlClient(app.url, key),
  });
  const send = (credential: string, path: string): Promise<unknown> =>
    compatFetch(app, "/tikosms/v1/message", {
      method: "POST",
      headers: { authorization: `Bearer ${credential}`, "content-type": "application/json" },
      body: JSON.stringify({ ...message, callback_url: client.origin + path }),
    });
  // More than are under way to an origin at a time.
  for (let count = 0; count < 12; count++) await send(app.key, "/silent");
  await eventually(() => to("/silent").length >= 8);
  await send(key, "/talking");
  await eventually(() => taken("/talking").length === 2);
  expect(taken("/silent")).toEqual([]);
  silent.resolve(200);
  client.answer(() => 200);
  await theirs.close();
});

test.each([
  ["001", "UNDELIV", "UNDELIVERED"],
  ["002", "EXPIRED", "EXPIRED"],
  ["003", "REJECTD", "REJECTED"],
])("what our adapter reads of the callback about a message to …%s is %s", async (suffix, word, status) => {
  const path = `/end-${suffix}`;
  await post("/v1/message", { ...message, to: `421901000${suffix}`, callback_url: client.origin + path });
  await eventually(() => taken(path).length === 2);
  const [, update] = taken(path);
  expect(update?.json.update.status).toBe(word);
  const settings = { apiToken: "t", baseUrl: "https://example.com" };
  const opened = registry.TIKOSMS.open(registry.TIKOSMS.parseSettings(settings), {} as never);
  expect(opened.parseCallback(update?.text ?? "", "application/json")).toMatchObject({
    kind: "receipts",
    receipts: [{ status }],
  });
  await opened.close();
});

test("each part of a message of several parts has its callbacks, with its share of the price", async () => {
  const text = "long ".repeat(60);
  const url = `${client.origin}/parts`;
  await post("/v1/messages", {
    ...message,
    message: text,
    recipients: [{ to: message.to }],
    callback_url: url,
  });
  await eventually(() => taken("/parts").length === 4);
  const told = taken("/parts").map(({ json }) => [Object.keys(json)[0], Object.values(json as object)[0]]);
  expect(told.map(([event, { part, total_parts: total }]) => [event, part, total])).toEqual([
    ["create", 1, 2],
    ["create", 2, 2],
    ["update", 1, 2],
    ["update", 2, 2],
  ]);
  expect(told[3]?.[1].cost).toBe(0.045);
});

test("recipients of one request may have callback addresses of their own", async () => {
  const recipients = [
    { to: "380501234567", client_ref: "own", callback_url: `${client.origin}/own` },
    { to: "421901234000", client_ref: "common" },
  ];
  await post("/v1/messages", { ...message, recipients, callback_url: `${client.origin}/common` });
  await eventually(() => taken("/own").length === 2 && taken("/common").length === 2);
  expect(taken("/own")[1]?.json.update.client_ref).toBe("own");
  expect(taken("/common")[1]?.json.update).toMatchObject({
    client_ref: "common",
    callback_url: `${client.origin}/common`,
  });
});

test("messages that name no address are told of at that of their key", async () => {
  const key = newKey();
  await storeKey(app.services.database, key, {
    accountId: app.accountId,
    name: "with an address",
    granted: ["SEND"],
    callbackUrl: `${client.origin}/of-key`,
  });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const send = async (path: string, body: object) =>
    (await compatFetch(app, `/tikosms${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json;
  const one = await send("/v1/message", message);
  await send("/v1/messages", {
    ...message,
    recipients: [
      { to: "380501234568", client_ref: "bulk" },
      { to: "380501234569", callback_url: `${client.origin}/own-of-bulk` },
    ],
  });
  await send("/v1/message", { ...message, callback_url: `${client.origin}/own-of-one` });
  await eventually(
    () =>
      taken("/of-key").length === 4 &&
      taken("/own-of-bulk").length === 2 &&
      taken("/own-of-one").length === 2,
  );
  const updates = taken("/of-key").flatMap(({ json }) => json.update ?? []);
  expect(updates).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ message_id: one.message_id, callback_url: `${client.origin}/of-key` }),
      expect.objectContaining({ client_ref: "bulk", callback_url: `${client.origin}/of-key` }),
    ]),
  );
});

test("nothing is left of reports that were taken", async () => {
  const { database } = app.services;
  await eventually(async () => (await database.prisma.compatReport.count()) === 0);
});

test("the callback URLs of one bulk request lead to a hundred origins at most", async () => {
  const recipients = Array.from({ length: 101 }, (_, index) => ({
    to: `4219010${10_000 + index}`,
    callback_url: `https://h${index}.example.com/`,
  }));
  const answer = await post("/v1/messages", { ...message, recipients });
  expect(answer).toMatchObject({ error: expect.stringContaining("100 origins") });
});
