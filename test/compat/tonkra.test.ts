import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch, type CompatAnswer } from "../support/compat.ts";
import { eventually } from "../support/process.ts";

let app: TestApp;
let sandbox: TikosmsSandbox;

beforeAll(async () => {
  app = await startTestApp();
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.stop();
  await sandbox.close();
});

const json = { "content-type": "application/json", accept: "application/json" };

const post = (
  path: string,
  body: object | string,
  headers: Record<string, string> = {},
): Promise<CompatAnswer> =>
  compatFetch(app, `/tonkra${path}`, {
    method: "POST",
    headers: { ...json, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

const get = (path: string, query: Record<string, string> = {}, headers: Record<string, string> = json) =>
  compatFetch(app, `/tonkra${path}?${new URLSearchParams({ api_token: app.key, ...query })}`, { headers });

const bearer = () => ({ authorization: `Bearer ${app.key}` });

/** `fetch` sends no body with GET; curl does, as the documentation prints it. */
async function getWithBody(path: string): Promise<[number, unknown]> {
  const { statusCode, body } = await request(`${app.url}/compat/tonkra/api/http/${path}`, {
    method: "GET",
    headers: json,
    body: JSON.stringify({ api_token: app.key }),
  });
  return [statusCode, await body.json()];
}

const single = () => ({
  api_token: app.key,
  recipient: "31612345678",
  sender_id: "YourName",
  type: "plain",
  message: "This is a test message",
});

const uid = expect.stringMatching(/^[0-9a-f]{13}$/);

test("the printed example of a single number is answered with its report, and is viewed by its uid", async () => {
  const sent = await post("/api/http/sms/send", single());
  expect([sent.status, sent.json]).toEqual([
    200,
    {
      status: "success",
      message: "Your message was successfully delivered",
      data: {
        uid,
        to: "31612345678",
        from: "YourName",
        message: "This is a test message",
        status: expect.any(String),
        cost: "1",
        sms_count: 1,
      },
    },
  ]);
  const view = () => get(`/api/http/sms/${sent.json.data.uid}`);
  await eventually(async () => (await view()).json.data.status === "Delivered");
  expect((await view()).json).toMatchObject({
    status: "success",
    data: { uid: sent.json.data.uid, direction: "api", sms_type: "plain", to: "31612345678" },
  });
});

test("the printed example by GET is answered without any headers", async () => {
  const { api_token: _key, ...fields } = single();
  const sent = await get("/api/http/sms/send", fields, {});
  expect(sent.json).toMatchObject({ status: "success", data: { uid, to: "31612345678" } });
});

test("the printed example of many numbers is answered, although it is not JSON and one of its numbers does not exist", async () => {
  const printed = `{
  "api_token": "${app.key}",
  "recipient": "31612345678,880172145789",
  "sender_id": "YourName",
  "type": "plain",
  "message": "This is a test message",
  "schedule_time=2021-12-20 07:00"
}`;
  const sent = await post("/api/http/sms/send", printed);
  expect([sent.status, sent.json]).toEqual([
    200,
    {
      status: "success",
      message: "The phone number 880172145789 is not valid.",
      data: [expect.objectContaining({ uid, to: "31612345678", customer_status: expect.any(String) })],
    },
  ]);
});

test("a message that is scheduled has a uid, and waits in GraphQL too", async () => {
  const schedule = new Date(Date.now() + 3_600_000).toISOString().slice(0, 16).replace("T", " ");
  const sent = await post("/api/http/sms/send", {
    ...single(),
    schedule_time: schedule,
    dlt_template_id: null,
  });
  expect(sent.json).toMatchObject({
    status: "success",
    message: "Your message was successfully scheduled",
    data: { uid, status: "Scheduled" },
  });
  const { messages } = await app.client.data<{ messages: { edges: { node: object }[] } }>(
    `{ messages(filter: { status: [SCHEDULED] }) { edges { node { scheduledAt } } } }`,
  );
  expect(messages.edges).toEqual([{ node: { scheduledAt: `${schedule.replace(" ", "T")}:00.000Z` } }]);
});

test.each([
  ["T07:00:00Z", "T07:00:00.000Z"],
  ["T07:00:00+01:00", "T06:00:00.000Z"],
  ["T07:00:00.5-00:30", "T07:30:00.500Z"],
  [" 07:00:30", "T07:00:30.000Z"],
])("a schedule_time that ends with %s is %s", async (written, read) => {
  const day = new Date(Date.now() + 48 * 3_600_000).toISOString().slice(0, 10);
  const sent = await post("/api/http/sms/send", { ...single(), schedule_time: day + written });
  const where = { api: "TONKRA", vendorId: sent.json.data.uid } as const;
  const { prisma } = app.services.database;
  const known = await prisma.compatMessage.findFirstOrThrow({ where });
  const stored = await prisma.message.findUniqueOrThrow({ where: { id: known.messageId } });
  expect(stored.scheduledAt?.toISOString()).toBe(day + read);
});

test("the printed look-ups, which have the token in a body, are answered", async () => {
  const sent = await post("/api/http/sms/send", single());
  expect(await getWithBody(`sms/${sent.json.data.uid}`)).toMatchObject([
    200,
    { status: "success", data: { uid } },
  ]);
  expect(await getWithBody("sms/606812e63f78b")).toEqual([
    404,
    { status: "error", message: "SMS Info not found" },
  ]);
  for (const path of ["sms", "sms/"])
    expect(await getWithBody(path)).toMatchObject([200, { status: "success", data: { current_page: 1 } }]);
});

test("whatever is wrong with a request, the answer is an error object", async () => {
  const failed = { status: "error", message: expect.any(String) };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const send = "/api/http/sms/send";
  expect(await post(send, "{")).toMatchObject({ status: 400, json: failed });
  expect(await post(send, "a=b", form)).toMatchObject({ status: 415, json: failed });
  expect(await post(send, single(), { accept: "text/plain" })).toMatchObject({ status: 406, json: failed });
  const long = { ...single(), message: "x".repeat(70_000) };
  expect(await post(send, long)).toMatchObject({ status: 413, json: failed });
});

test("all messages are viewed in pages of 25, with links, by both versions of the API", async () => {
  const recipient = Array.from({ length: 30 }, (_, index) => `316123${46100 + index}`).join(",");
  await post("/api/http/sms/send", { ...single(), recipient });
  const first = await get("/api/http/sms");
  expect(first.json).toMatchObject({
    status: "success",
    data: { current_page: 1, per_page: 25, from: 1, to: 25, path: `${app.url}/compat/tonkra/api/http/sms` },
  });
  const { total, last_page: last } = first.json.data;
  expect(total).toBeGreaterThanOrEqual(30);
  const end = await compatFetch(app, `/tonkra/api/v3/sms?page=${last}`, {
    headers: { ...json, ...bearer() },
  });
  expect(end.json.data).toMatchObject({ current_page: last, to: total, next_page_url: null });
  const [row] = first.json.data.data;
  expect((await get(`/api/http/sms/${row.uid}`)).json.data).toMatchObject({ uid: row.uid, to: row.to });
  expect((await get("/api/http/sms", { direction: "incoming" })).json.data.total).toBe(0);
  expect(
    (await get("/api/http/sms", { start_date: "2020-01-01 00:00:00", end_date: "2020-01-02 00:00:00" })).json
      .data.total,
  ).toBe(0);
});

test("a message sent by GraphQL is in the list, with its own id as uid", async () => {
  await app.client.data(
    `mutation { sendMessage(input: { to: "+31612399999", text: "By GraphQL", from: "GraphQL" }) { __typename } }`,
  );
  const { json: answer } = await get("/api/http/sms");
  const row = answer.data.data.find(({ message }: { message: string }) => message === "By GraphQL");
  expect(row.uid).toMatch(/^[0-9a-f]{32}$/);
  expect((await get(`/api/http/sms/${row.uid}`)).json.data.message).toBe("By GraphQL");
});

test("the balance is a text, and the profile has the account's name", async () => {
  await eventually(async () => /[1-9]/.test((await get("/api/http/balance")).json.data.remaining_balance));
  expect((await get("/api/http/balance")).json).toMatchObject({
    status: "success",
    data: { remaining_balance: expect.stringMatching(/^€[\d,.]+$/), expired_on: expect.any(String) },
  });
  const me = await compatFetch(app, "/tonkra/api/v3/me", { headers: { ...json, ...bearer() } });
  expect(me.json).toMatchObject({ status: "success", data: { api_token: app.key, timezone: "UTC" } });
});

test.each([
  ["no token", { api_token: undefined }, 200, "The api token field is required."],
  ["a wrong token", { api_token: "255|wrong" }, 200, "These credentials do not match our records."],
  ["no recipient", { recipient: undefined }, 200, "The recipient field is required."],
  ["no message", { message: "" }, 200, "The message field is required."],
  [
    "a long sender",
    { sender_id: "TwelveLetter" },
    404,
    "The sender id may not be longer than 11 characters.",
  ],
  ["another type", { type: "voice" }, 404, "The type is not supported."],
  ["an impossible number", { recipient: "123" }, 403, "The phone number 123 is not valid."],
  ["an impossible time", { schedule_time: "tomorrow" }, 200, "The schedule time is not a valid date."],
  ["a time that is no text", { schedule_time: 20_211_220 }, 200, "The schedule time field must be a string."],
  ["a template that is no text", { dlt_template_id: 7 }, 200, "The dlt template id field must be a string."],
  [
    "a template that no provider knows",
    { dlt_template_id: "1107" },
    403,
    /Permission to send an SMS has not been enabled/,
  ],
])("a request with %s gets an error object", async (_what, odd, status, message) => {
  const answer = await post("/api/http/sms/send", { ...single(), ...odd });
  expect([answer.status, answer.json.status]).toEqual([status, "error"]);
  expect(answer.json.message).toMatch(message);
});

test("unknown uids, other accounts and keys without a scope are refused", async () => {
  expect(await get("/api/http/sms/606812e63f78b")).toMatchObject({
    status: 404,
    json: { status: "error", message: "SMS Info not found" },
  });
  const { json: sent } = await post("/api/http/sms/send", single());
  const other = await app.createKey(["READ"], await app.createAccount());
  expect((await get(`/api/http/sms/${sent.data.uid}`, { api_token: other })).status).toBe(404);
  const readOnly = await app.createKey(["READ"]);
  expect(await post("/api/http/sms/send", { ...single(), api_token: readOnly })).toMatchObject({
    status: 403,
    json: { status: "error", message: expect.stringMatching(/scope SEND/) },
  });
  const v3 = await compatFetch(app, "/tonkra/api/v3/balance", {
    headers: { ...json, authorization: "Bearer x" },
  });
  expect([v3.status, v3.json]).toEqual([401, { message: "Unauthenticated." }]);
});

test("a number on the list of those that are not to be texted is on the blacklist", async () => {
  await app.client.data(`mutation { suppressNumber(number: "+31612300000") { __typename } }`);
  expect(await post("/api/http/sms/send", { ...single(), recipient: "31612300000" })).toMatchObject({
    status: 403,
    json: { status: "error", message: "The number 31612300000 is on the blacklist." },
  });
});

const uids = ({ json: { data } }: CompatAnswer): string[] => data.map((row: { uid: string }) => row.uid);

test("a repeated request with the same Idempotency-Key has the same uids", async () => {
  const headers = { "idempotency-key": "tonkra-once" };
  const body = { ...single(), recipient: "31612345678,31612345679" };
  const first = await post("/api/http/sms/send", body, headers);
  const again = await post("/api/http/sms/send", body, headers);
  expect(uids(again)).toEqual(uids(first));
  expect(uids(first)).toHaveLength(2);
});

test("a body of a caller who is not known may be only short", async () => {
  const answer = await post("/api/http/sms/send", { ...single(), message: "x".repeat(70_000) });
  expect(answer.status).toBe(413);
});
