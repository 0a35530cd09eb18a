import { afterAll, beforeAll, expect, test } from "vitest";
import { newKey } from "../../src/access/api-keys.ts";
import { storeKey } from "../../src/access/store-key.ts";
import { lendReports } from "../../src/compat/reports/unread.ts";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch, type CompatAnswer } from "../support/compat.ts";
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

const json = { "content-type": "application/json", accept: "application/json" };
const xml = { "content-type": "application/xml", accept: "application/xml" };

const basic = (key: string, user = "Aladdin"): string => `Basic ${btoa(`${user}:${key}`)}`;

const call = (
  method: string,
  path: string,
  body?: object | string,
  headers: Record<string, string> = json,
): Promise<CompatAnswer> =>
  compatFetch(app, `/qikli${path}`, {
    method,
    headers: { authorization: basic(app.key), ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });

const send = (body: object | string, headers = json) => call("POST", "/sms/2/text/advanced", body, headers);

let counter = 0;
/** Ids of this request alone. */
const fresh = () => ({ bulkId: `BULK-${++counter}`, messageId: `MESSAGE-${counter}` });

const request = (bulkId: string, messageId: string, to = "233205072987\\") => ({
  messages: [
    {
      from: "SAMPLESENDER",
      destinations: [{ to, messageId }, { to: "233205072988" }],
      text: "A long time ago, in a galaxy far, far away",
    },
  ],
  bulkId,
  tracking: { track: "SMS", type: "MY_CAMPAIGN" },
});

const pending = {
  groupId: 1,
  groupName: "PENDING",
  id: 26,
  name: "MESSAGE_ACCEPTED",
  description: "Message sent to next instance",
};

/** All reports of a request, as one answer gives them. */
async function pulled(query: string, count: number): Promise<CompatAnswer> {
  const { database } = app.services;
  await eventually(async () => (await database.prisma.compatReport.count({ where: { url: null } })) >= count);
  return call("GET", `/sms/1/reports?${query}`);
}

test("the printed example is answered with its ids and a verdict on each destination", async () => {
  const { bulkId, messageId } = fresh();
  const answer = await send(request(bulkId, messageId));
  expect([answer.status, answer.json]).toEqual([
    200,
    {
      bulkId,
      messages: [
        { to: "233205072987", status: pending, messageId },
        { to: "233205072988", status: pending, messageId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      ],
    },
  ]);
  const { message } = await app.client.data<{ message: { edges: unknown[] } }>(
    `query ($ref: String) { message: messages(filter: { clientRef: $ref }) { edges { node { text } } } }`,
    { ref: messageId },
  );
  expect(message.edges).toEqual([{ node: { text: "A long time ago, in a galaxy far, far away" } }]);
  await pulled(`bulkId=${bulkId}`, 2);
});

test("reports are read once, by bulkId and messageId, and a second request finds an empty set", async () => {
  const { bulkId, messageId } = fresh();
  await send(request(bulkId, messageId));
  const other = await pulled(`bulkId=nobodys`, 2);
  expect(other.json).toEqual({ results: [] });
  const one = await pulled(`messageId=${messageId}`, 2);
  expect(one.json).toEqual({
    results: [
      {
        bulkId,
        messageId,
        to: "233205072987",
        sentAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/),
        doneAt: expect.stringMatching(/\+0000$/),
        smsCount: 1,
        mccMnc: expect.any(String),
        price: { pricePerMessage: expect.any(Number), currency: "EUR" },
        status: {
          groupId: 3,
          groupName: "DELIVERED",
          id: 5,
          name: "DELIVERED_TO_HANDSET",
          description: "Message delivered to handset",
        },
        error: expect.objectContaining({ description: "No Error", permanent: false }),
      },
    ],
  });
  const [{ sentAt, doneAt }] = one.json.results;
  expect(Date.parse(doneAt)).toBeGreaterThanOrEqual(Date.parse(sentAt));
  expect((await call("GET", `/sms/1/reports?messageId=${messageId}`)).json).toEqual({ results: [] });
  expect((await call("GET", `/sms/1/reports?bulkId=${bulkId}`)).json.results).toHaveLength(1);
  expect((await call("GET", `/sms/1/reports?bulkId=${bulkId}`)).json.results).toEqual([]);
});

test("the limit is 50 unless another is asked for, and reports come in their order", async () => {
  const { bulkId } = fresh();
  const destinations = Array.from({ length: 60 }, (_, index) => ({ to: `2332050${1000 + index}0` }));
  await send({ bulkId, messages: [{ from: "A", destinations, text: "Hello" }] });
  expect((await pulled(`bulkId=${bulkId}&limit=3`, 60)).json.results).toHaveLength(3);
  expect((await call("GET", `/sms/1/reports?bulkId=${bulkId}`)).json.results).toHaveLength(50);
  expect((await call("GET", `/sms/1/reports?bulkId=${bulkId}`)).json.results).toHaveLength(7);
});

test("a request may have thousands of destinations, each with a verdict in its place", async () => {
  const { bulkId } = fresh();
  const destinations = Array.from({ length: 2_500 }, (_, index) => ({
    to: index === 1_700 ? "12" : `23320506${String(index).padStart(4, "0")}`,
    messageId: `${bulkId}-${index}`,
  }));
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const message = { from: "A", destinations, text: "Hello", sendAt, validityPeriod: 100_000 };
  const answer = await send({ bulkId, messages: [message] });
  expect(answer.json.messages.map(({ messageId }: { messageId: string }) => messageId)).toEqual(
    destinations.map(({ messageId }) => messageId),
  );
  const verdicts = (answer.json.messages as { status: { groupName: string } }[]).map(
    ({ status }) => status.groupName,
  );
  expect(verdicts.flatMap((name, index) => (name === "PENDING" ? [] : index))).toEqual([1_700]);
  const { prisma } = app.services.database;
  const known = await prisma.compatMessage.findMany({ where: { groupId: bulkId } });
  expect(known).toHaveLength(2_499);
  // A longer validity period counts as 48 hours.
  const stored = await prisma.message.findFirstOrThrow({ where: { id: known[0]?.messageId ?? "" } });
  expect((stored.validUntil?.getTime() ?? 0) - (stored.scheduledAt?.getTime() ?? 0)).toBe(48 * 3_600_000);
});

test("reports count as read only once their answer has gone out", async () => {
  const { bulkId, messageId } = fresh();
  await send(request(bulkId, messageId));
  const { database } = app.services;
  const wanted = {
    accountId: app.accountId,
    api: "QIKLI",
    groupIds: [bulkId],
    vendorIds: [],
    limit: 50,
  } as const;
  const lend = () => lendReports(database, wanted);
  let lent = await lend();
  await eventually(async () => {
    await lent.settle(false);
    lent = await lend();
    return lent.reports.length === 2;
  });
  expect((await lend()).reports).toEqual([]);
  await lent.settle(false);
  const again = await lend();
  expect(again.reports.map(({ id }) => id)).toEqual(lent.reports.map(({ id }) => id));
  await again.settle(true);
  expect((await lend()).reports).toEqual([]);
});

test("a message id that was used before is a duplicate, and is not sent again", async () => {
  const { bulkId, messageId } = fresh();
  const message = { from: "A", destinations: [{ to: "233205072987", messageId }], text: "Once" };
  await send({ bulkId, messages: [message] });
  for (const text of ["Once", "Twice"]) {
    const again = await send({ bulkId, messages: [{ ...message, text }] });
    expect(again.json.messages[0].status).toMatchObject({ id: 23, name: "REJECTED_DUPLICATE_MESSAGE_ID" });
  }
  const both = await Promise.all(
    [1, 2].map(() =>
      send({
        messages: [{ ...message, destinations: [{ to: "233205072987", messageId: `${messageId}-b` }] }],
      }),
    ),
  );
  const ids = both.map((answer) => answer.json.messages[0].status.id).toSorted((one, other) => one - other);
  expect(ids).toEqual([23, 26]);
});

test("destinations that cannot be served have a verdict of their own, and do not hold up the others", async () => {
  const destinations = [{ to: "12" }, { to: "233205072987" }];
  const { json: answer } = await send({ messages: [{ from: "A", destinations, text: "Hello" }] });
  expect(answer.messages.map(({ status }: { status: { name: string } }) => status.name)).toEqual([
    "REJECTED_PREFIX_MISSING",
    "MESSAGE_ACCEPTED",
  ]);
});

test("XML is read and answered as JSON is", async () => {
  const { bulkId, messageId } = fresh();
  const body =
    `<request><bulkId>${bulkId}</bulkId><messages><message><from>SAMPLE</from><text>Hi &amp; bye</text>` +
    `<destinations><destination><to>233205072987</to><messageId>${messageId}</messageId></destination></destinations>` +
    `</message></messages></request>`;
  const answer = await send(body, xml);
  expect(answer.headers.get("content-type")).toBe("application/xml");
  expect(answer.text).toContain(`<bulkId>${bulkId}</bulkId>`);
  expect(answer.text).toContain("<name>MESSAGE_ACCEPTED</name>");
  const { database } = app.services;
  await eventually(async () => (await database.prisma.compatReport.count({ where: { url: null } })) > 0);
  await eventually(async () => {
    const reports = await call("GET", `/sms/1/reports?messageId=${messageId}`, undefined, xml);
    return reports.text.includes("<name>DELIVERED_TO_HANDSET</name>");
  });
});

test.each([
  ["application/xml", "application/xml"],
  ["application/xml, application/json", "application/xml"],
  ["application/json, application/xml", "application/json"],
  ["application/json;q=0.5, application/xml", "application/xml"],
  ["application/xml, */*;q=0.8", "application/xml"],
  ["text/html, application/xml;q=0.9, */*;q=0.8", "application/xml"],
  ["*/*", "application/json"],
  ["application/*", "application/json"],
])("the format of an answer is the one that Accept: %s prefers", async (accept, type) => {
  const { bulkId, messageId } = fresh();
  const answer = await send(request(bulkId, messageId), { ...json, accept });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
  expect(answer.text).toMatch(type === "application/xml" ? /<name>MESSAGE_ACCEPTED<\/name>/ : /^\{/);
});

test("reports are pushed to the notify URL in the format asked for, until they are taken", async () => {
  const { messageId } = fresh();
  let refusals = 2;
  client.answer(({ path }) => (path === "/push" && refusals-- > 0 ? 503 : 202));
  const message = { from: "A", text: "Hello", notifyUrl: `${client.origin}/push`, callbackData: "mine" };
  await send({
    messages: [{ ...message, destinations: [{ to: "233205072987", messageId }], intermediateReport: true }],
  });
  const taken = () => client.received.filter(({ path, status }) => path === "/push" && status === 202);
  await eventually(() => taken().length === 2);
  expect(
    taken().map(({ json: body }) => [
      body.results[0].messageId,
      body.results[0].status.id,
      body.results[0].callbackData,
    ]),
  ).toEqual([
    [messageId, 7, "mine"],
    [messageId, 5, "mine"],
  ]);
  expect((await call("GET", `/sms/1/reports?messageId=${messageId}`)).json).toEqual({ results: [] });
  await send({
    messages: [
      {
        ...message,
        notifyUrl: `${client.origin}/xml`,
        notifyContentType: "application/xml",
        destinations: [{ to: "233205072987" }],
      },
    ],
  });
  await eventually(() => client.received.some(({ path }) => path === "/xml"));
  const pushed = client.received.find(({ path }) => path === "/xml");
  expect(pushed?.headers["content-type"]).toBe("application/xml");
  expect(pushed?.text).toContain("<SMSReportResponse>");
});

test.each([
  ["no key", { ...json, authorization: "" }, 401, "UNAUTHORIZED"],
  ["a wrong key", { ...json, authorization: basic("sg_wrong") }, 401, "UNAUTHORIZED"],
  ["no content type", { accept: "application/json", "content-type": "" }, 500, "GENERAL_ERROR"],
  [
    "another content type",
    { accept: "application/json", "content-type": "text/plain" },
    415,
    "GENERAL_ERROR",
  ],
  ["another format wanted", { ...json, accept: "text/html" }, 406, "GENERAL_ERROR"],
])("a request with %s gets the documented error", async (_what, headers, status, word) => {
  const answer = await send({ messages: [{ destinations: [{ to: "233205072987" }], text: "x" }] }, headers);
  expect([answer.status, answer.json]).toMatchObject([
    status,
    { requestError: { serviceException: { messageId: word } } },
  ]);
});

test("bad input is a bad request with the fields that are wrong, in the format wanted", async () => {
  const answer = await send({ messages: [{ text: "x" }] });
  expect([answer.status, answer.json]).toMatchObject([
    400,
    {
      requestError: {
        serviceException: {
          messageId: "BAD_REQUEST",
          validationErrors: { "messages[0].destinations": expect.anything() },
        },
      },
    },
  ]);
  for (const text of ["", " \n"]) {
    const { json: refused } = await send({ messages: [{ destinations: [{ to: "233205072987" }], text }] });
    expect(refused.requestError.serviceException.validationErrors).toEqual({
      "messages[0].text": ["may not be empty"],
    });
  }
  expect((await send("{", json)).status).toBe(400);
  expect((await send("<request>", xml)).text).toContain("<messageId>BAD_REQUEST</messageId>");
  const notify = { destinations: [{ to: "233205072987" }], text: "x", notifyUrl: "http://192.168.1.1/" };
  expect((await send({ messages: [notify] })).status).toBe(400);
  expect((await call("GET", "/sms/9/nothing")).status).toBe(404);
});

test.each(["\0", "\ud800"])(
  "a request with %j in an id, or in what is only kept, is a bad request",
  async (bad) => {
    const { bulkId, messageId } = fresh();
    const whole = request(bulkId, messageId);
    const kept = { ...whole.messages[0], callbackData: bad };
    for (const body of [request(bad, messageId), request(bulkId, bad), { ...whole, messages: [kept] }])
      expect((await send(body)).status).toBe(400);
    expect((await send(whole)).status).toBe(200);
  },
);

test("a message id of Qikli's and an idempotency key that reads alike have nothing to do with each other", async () => {
  const { bulkId, messageId } = fresh();
  const { sendMessage } = await app.client.data<{ sendMessage: { __typename: string } }>(
    `mutation ($key: String!) {
      sendMessage(input: { to: "+421901000000", text: "Hello", idempotencyKey: $key }) { __typename } }`,
    { key: `qikli ${messageId}` },
  );
  expect(sendMessage.__typename).toBe("Message");
  const { json: answer } = await send(request(bulkId, messageId));
  expect(answer.messages).toMatchObject([{ messageId, status: { groupName: "PENDING" } }, {}]);
});

test("the logs tell of a message as often as they are asked", async () => {
  const { bulkId, messageId } = fresh();
  await send(request(bulkId, messageId));
  const logs = () => call("GET", `/sms/1/logs?messageId=${messageId}`);
  await eventually(async () => (await logs()).json.results[0]?.status.id === 5);
  expect((await logs()).json.results).toMatchObject([{ messageId, bulkId, from: "SAMPLESENDER" }]);
});

test("reports of messages that name no address go to that of their key, and are not queued", async () => {
  const key = newKey();
  await storeKey(app.services.database, key, {
    accountId: app.accountId,
    name: "with an address",
    granted: ["SEND", "READ"],
    callbackUrl: `${client.origin}/of-key`,
  });
  const { bulkId, messageId } = fresh();
  const headers = { ...json, authorization: basic(key) };
  await call("POST", "/sms/2/text/advanced", request(bulkId, messageId, "233205072987"), headers);
  const told = () => client.received.filter(({ path }) => path === "/of-key");
  await eventually(() => told().length === 2);
  expect(told().map(({ json: { results } }) => [results.length, results[0].bulkId])).toEqual([
    [1, bulkId],
    [1, bulkId],
  ]);
  const unread = await call("GET", `/sms/1/reports?bulkId=${bulkId}`, undefined, headers);
  expect(unread.json).toEqual({ results: [] });
});
