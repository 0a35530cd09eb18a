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

const call = (
  method: string,
  path: string,
  body?: object | string,
  headers: Record<string, string> = {},
): Promise<CompatAnswer> =>
  method === "GET" && body !== undefined
    ? getWithBody(path, JSON.stringify(body))
    : compatFetch(app, `/tikosms${path}`, {
        method,
        headers: {
          authorization: `Bearer ${app.key}`,
          "content-type": "application/json",
          accept: "application/json",
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });

/** `fetch` sends no body with GET; curl does, as the documentation prints it. */
async function getWithBody(path: string, body: string): Promise<CompatAnswer> {
  const { request } = await import("undici");
  const { statusCode, body: answer } = await request(`${app.url}/compat/tikosms${path}`, {
    method: "GET",
    headers: { authorization: `Bearer ${app.key}`, "content-type": "application/json" },
    body,
  });
  const text = await answer.text();
  return { status: statusCode, headers: new Headers(), text, json: JSON.parse(text) };
}

const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);

const single = {
  from: "MySender",
  message: "Your OTP is 1234",
  to: "380501234567",
  client_ref: "invoice-10294",
};

const bulk = {
  from: "MyBrand",
  message: "Big sale today!",
  recipients: [{ to: "380501234567", client_ref: "order-1" }],
  scheduled_at: "2025-08-12 10:00:00",
  concurrency: 20,
};

test.each(["/v1", "/api/v1"])(
  "the printed example of a single message is answered under %s",
  async (prefix) => {
    const sent = await call("POST", `${prefix}/message`, single);
    expect([sent.status, sent.json]).toEqual([200, { success: true, message_id: uuid, campaign_id: uuid }]);
    const looked = () => call("GET", `${prefix}/get_message?message_id=${sent.json.message_id}`);
    await eventually(async () => (await looked()).json.data?.[0].status === "DELIVRD");
    expect((await looked()).json).toEqual({
      success: true,
      data: [
        {
          message_id: sent.json.message_id,
          campaign_id: sent.json.campaign_id,
          to: "380501234567",
          message: "Your OTP is 1234",
          from: "MySender",
          sender_type: "Alpha",
          status: "DELIVRD",
          data_coding: 0,
          mccmnc: "25501",
          cost: "0.045",
          part: 1,
          total_parts: 1,
          sent_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
          delivered_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
          client_ref: "invoice-10294",
          callback_url: null,
        },
      ],
    });
    const byCampaign = await call("GET", `${prefix}/get_message?campaign_id=${sent.json.campaign_id}`);
    expect(byCampaign.json.data[0].message_id).toBe(sent.json.message_id);
    const campaign = await call("GET", `${prefix}/get_messages?campaign_id=${sent.json.campaign_id}`);
    expect(campaign.json).toMatchObject({
      success: true,
      campaigns: [{ campaign_id: sent.json.campaign_id, sender: "MySender", recipients: 1 }],
    });
  },
);

test("a message that came in TikoSMS's words is a message like any other in GraphQL", async () => {
  const { json } = await call("POST", "/v1/message", { ...single, client_ref: "in-graphql" });
  const { messages } = await app.client.data<{
    messages: { nodes?: unknown; edges: { node: { text: string } }[] };
  }>(`{ messages(filter: { clientRef: "in-graphql" }) { edges { node { text to clientRef } } } }`);
  expect(messages.edges).toEqual([
    { node: { text: single.message, to: "+380501234567", clientRef: "in-graphql" } },
  ]);
  expect(json.success).toBe(true);
});

test("the printed example of many recipients is answered, and its messages are listed by their campaign", async () => {
  const recipients = [...bulk.recipients, { to: "380501234567" }, { to: "421901234000" }];
  const sent = await call("POST", "/v1/messages", { ...bulk, message: "Big {{sale}} today!", recipients });
  expect([sent.status, sent.json]).toEqual([
    200,
    { success: true, campaign_id: uuid, recipients: 2, duplicates_removed: 1 },
  ]);
  const listed = () => call("GET", `/v1/get_message?campaign_id=${sent.json.campaign_id}`);
  await eventually(async () =>
    (await listed()).json.data?.every(({ status }: { status: string }) => status === "DELIVRD"),
  );
  const { data } = (await listed()).json;
  expect(data).toHaveLength(2);
  expect(data).toContainEqual(
    expect.objectContaining({ to: "380501234567", message: "Big {{sale}} today!", client_ref: "order-1" }),
  );
  const campaign = await call("GET", `/v1/get_messages?campaign_id=${sent.json.campaign_id}`);
  expect(campaign.json.campaigns).toEqual([
    {
      campaign_id: sent.json.campaign_id,
      sender: "MyBrand",
      message: "Big {{sale}} today!",
      recipients: 2,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/),
      updated_at: expect.stringMatching(/Z$/),
    },
  ]);
});

test("the printed look-ups with a body are answered: the query wins, and what does not exist is not found", async () => {
  const unknown = await call("GET", "/v1/get_messages", {
    campaign_id: "6ff8f7f6-1eb3-3525-be4a-3932c805afed",
  });
  expect([unknown.status, unknown.json]).toEqual([404, { success: false, error: "Campaign not found" }]);
  const query =
    "message_id=d3b0e5a1-2224-4a7e-8b12-7c61d3a7bfb9&campaign_id=7e9d2a5c-3b8e-4b8d-9b5f-1a2c3d4e5f60";
  const none = await call("GET", `/v1/get_message?${query}`, { message_id: "b", campaign_id: "n" });
  expect([none.status, none.json]).toEqual([404, { success: false, error: "Message(s) not found" }]);
});

test("the campaigns of single messages are listed too, the newest first", async () => {
  const one = await call("POST", "/v1/message", { ...single, message: "One of its own" });
  const many = await call("POST", "/v1/messages", { ...bulk, message: "Those after it" });
  const { campaigns } = (await call("GET", "/v1/get_messages")).json;
  expect(campaigns.slice(0, 2)).toMatchObject([
    { campaign_id: many.json.campaign_id, sender: "MyBrand", message: "Those after it", recipients: 1 },
    { campaign_id: one.json.campaign_id, sender: "MySender", message: "One of its own", recipients: 1 },
  ]);
});

test.each([
  [" 10:00:00", "T10:00:00.000Z"],
  ["T10:00:00+02:00", "T08:00:00.000Z"],
  ["", "T00:00:00.000Z"],
])("a scheduled_at of a day and %j is read as ISO 8601 says", async (written, read) => {
  const day = new Date(Date.now() + 48 * 3_600_000).toISOString().slice(0, 10);
  const sent = await call("POST", "/v1/messages", { ...bulk, scheduled_at: day + written });
  const { prisma } = app.services.database;
  const stored = await prisma.campaign.findUniqueOrThrow({ where: { id: sent.json.campaign_id } });
  expect(stored.scheduledAt?.toISOString()).toBe(day + read);
});

test.each(["2030-02-31", "2030-08-12Z", "12.08.2030", "tomorrow"])(
  "scheduled_at %s is no date",
  async (written) => {
    const answer = await call("POST", "/v1/messages", { ...bulk, scheduled_at: written });
    expect([answer.status, answer.json.error]).toEqual([422, "The scheduled_at field must be a valid date."]);
  },
);

test("the balance is that of the account's providers", async () => {
  await eventually(async () => (await call("GET", "/v1/balance")).json.balance > 0);
  const { json, status } = await call("GET", "/v1/balance");
  expect([status, json]).toEqual([
    200,
    {
      balance_updated: expect.stringMatching(/^\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d$/),
      currency_code: "EUR",
      balance: expect.any(Number),
      in_credit_limit: 1000,
    },
  ]);
});

test("a rate is found by network and country, and not elsewhere", async () => {
  await eventually(
    async () => (await call("GET", "/v1/sms-rates?mccmnc=255001&country=Ukraine")).status === 200,
  );
  const { json } = await call("GET", "/v1/sms-rates?mccmnc=255001&country=Ukraine");
  expect(json).toMatchObject({
    success: true,
    rate: { mcc: "255", mnc: "001", mccmnc: "255001", country: "Ukraine", rate: "0.045000" },
  });
  const none = { success: false, error: "No SMS rate found for this destination." };
  expect((await call("GET", "/v1/sms-rates?mccmnc=255001&country=Poland")).json).toEqual(none);
  expect((await call("GET", "/v1/sms-rates?mccmnc=999")).json).toEqual(none);
});

test.each([
  [
    { to: "123" },
    422,
    "Oops! We couldn't find this number in any country on Earth. Mind giving it another look?",
  ],
  [{ to: "0501234567" }, 422, /couldn't find this number/],
  [{ callback_url: "ftp://example.com" }, 422, "Invalid callback URL provided"],
  [{ callback_url: "nonsense" }, 422, "Invalid callback URL provided"],
  [{ callback_url: "http://192.168.1.1/cb" }, 422, "Invalid callback URL provided"],
])("a message with %o gets the documented error %i", async (odd, status, error) => {
  const answer = await call("POST", "/v1/message", { ...single, ...odd });
  expect(answer.status).toBe(status);
  expect(answer.json.success).toBe(false);
  expect(answer.json.error).toMatch(error);
});

test("missing and overlong fields get the documented error, with those of the vendor's validator", async () => {
  const missing = await call("POST", "/v1/message", {});
  const first = "The from field is required. (and 2 more errors)";
  expect([missing.status, missing.json]).toEqual([
    422,
    {
      success: false,
      error: first,
      message: first,
      errors: {
        from: ["The from field is required."],
        message: ["The message field is required."],
        to: ["The to field is required."],
      },
    },
  ]);
  const long = await call("POST", "/v1/message", {
    ...single,
    from: "A".repeat(16),
    message: "A".repeat(161),
  });
  expect(long.json.errors).toEqual({
    from: ["The from field must not be greater than 15 characters."],
    message: ["The message field must not be greater than 160 characters."],
  });
});

test("without a key, with an unknown one and with one that lacks the scope, nothing is done", async () => {
  const refused = { error: "User not authenticated" };
  for (const authorization of ["", "Bearer sg_unknown", "Basic abc"]) {
    const answer = await call("POST", "/v1/message", single, { authorization });
    expect([answer.status, answer.json]).toEqual([401, refused]);
  }
  const readOnly = `Bearer ${await app.createKey(["READ"])}`;
  expect(await call("POST", "/v1/message", single, { authorization: readOnly })).toMatchObject({
    status: 403,
    json: { success: false, error: expect.stringMatching(/scope SEND/) },
  });
  const sendOnly = `Bearer ${await app.createKey(["SEND"])}`;
  expect((await call("GET", "/v1/balance", undefined, { authorization: sendOnly })).status).toBe(403);
});

test("another account's messages are not found", async () => {
  const { json } = await call("POST", "/v1/message", single);
  const other = `Bearer ${await app.createKey(["READ"], await app.createAccount())}`;
  for (const id of [`message_id=${json.message_id}`, `campaign_id=${json.campaign_id}`]) {
    const answer = await call("GET", `/v1/get_message?${id}`, undefined, { authorization: other });
    expect(answer.status).toBe(404);
  }
});

test("a repeated request with the same Idempotency-Key sends one message", async () => {
  const headers = { "idempotency-key": "tikosms-once" };
  const first = await call("POST", "/v1/message", single, headers);
  const again = await call("POST", "/v1/message", single, headers);
  expect(again.json).toEqual(first.json);
  const other = await call("POST", "/v1/message", { ...single, message: "Another" }, headers);
  expect([other.status, other.json.success]).toEqual([409, false]);
  const many = await call("POST", "/v1/messages", bulk, headers);
  expect((await call("POST", "/v1/messages", bulk, headers)).json).toEqual(many.json);
});

test("routes, methods and bodies that are not of the API are refused as Laravel refuses them", async () => {
  expect(await call("GET", "/v2/balance")).toMatchObject({
    status: 404,
    json: { message: "The route v2/balance could not be found." },
  });
  expect(await call("POST", "/v1/balance", {})).toMatchObject({ status: 405 });
  const refused = { success: false, error: expect.any(String) };
  expect(await call("POST", "/v1/message", "{ no json")).toMatchObject({ status: 400, json: refused });
  expect(await call("POST", "/v1/message", "a=b", { "content-type": "text/plain" })).toMatchObject({
    status: 415,
    json: refused,
  });
  const long = { ...single, message: "x".repeat(1_200_000) };
  expect(await call("POST", "/v1/message", long)).toMatchObject({ status: 413, json: refused });
  expect((await compatFetch(app, "/nobody/v1/balance")).status).toBe(404);
});
