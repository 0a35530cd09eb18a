import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storeKey } from "../../src/access/store-key.ts";
import { newKey } from "../../src/access/api-keys.ts";
import type { Statement } from "../../src/database/database.ts";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch, type CompatAnswer } from "../support/compat.ts";
import { eventually } from "../support/process.ts";
import { startReportReceiver, type ReportReceiver } from "../support/report-receiver.ts";
import { readFields } from "../../src/wire/telekom/format.ts";

let app: TestApp;
let second: TestApp;
let sandbox: TikosmsSandbox;
let client: ReportReceiver;
/** With an address for receipts, and GET. */
let key: string;

beforeAll(async () => {
  client = await startReportReceiver();
  app = await startTestApp({ webhookLimits: { retryDelaysMs: [20] } });
  const { databaseUrl, secretKey } = app;
  second = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
  ({ sandbox } = await connectTestSandbox(app));
  key = newKey();
  await storeKey(app.services.database, key, {
    accountId: app.accountId,
    name: "Telekom",
    granted: ["SEND", "READ"],
    callbackUrl: `${client.origin}/dsn`,
    allowsGet: true,
  });
});

afterAll(async () => {
  await second.stop();
  await app.stop();
  await sandbox.close();
  await client.close();
});

const post = (path: string, body: object | string, of: TestApp = app): Promise<CompatAnswer> =>
  compatFetch(of, `/telekom${path}`, {
    method: "POST",
    headers: { "content-type": path.startsWith("/xml") ? "application/xml" : "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

const ok = { status: "success", description: "", code: "OK" };
const text = "Text that will be displayed to the recipient";
const to = "421901234100";

const declared = (content: string): string =>
  `<?xml version="1.0" encoding="UTF-8" ?>\n<request>${content}</request>`;

/** What is inside the first element of this name. */
const inside = (xml: string, name: string): string =>
  new RegExp(`<${name}[^>]*>([^]*?)</${name}>`).exec(xml)?.[1] ?? "";

/** How long a message is valid that is sent with these fields. */
async function validMinutes(fields: object): Promise<number> {
  const sent = await post("/json/send_message", { token: key, to, text, ...fields });
  const { prisma } = app.services.database;
  const where = { api: "TELEKOM", vendorId: String(sent.json.messages[0].message_id) } as const;
  const known = await prisma.compatMessage.findFirstOrThrow({ where });
  const stored = await prisma.message.findUniqueOrThrow({ where: { id: known.messageId } });
  return ((stored.validUntil?.getTime() ?? 0) - stored.createdAt.getTime()) / 60_000;
}

const query = (of: string): string => `?${new URLSearchParams({ token: of, to, text })}`;

const changes: Statement = {
  name: "changes_of_telekom_message",
  text: `
    select e.status from message_events as e
    join compat_messages as c using (message_id)
    where c.api = 'TELEKOM' and c.vendor_id = $1 and e.applied and e.status in ('SUBMITTED', 'SENT', 'DELIVERED')
    order by e.tx, e.id`,
};

const words: Readonly<Record<string, string>> = { SUBMITTED: "SENDING" };

/**
 * What became of a message, in Telekom's words. A first receipt may be here before the answer to the submission:
 * then there is no SENDING.
 */
async function happened(vendorId: number): Promise<string[]> {
  const rows = await app.services.database.query<{ status: string }>(changes, [String(vendorId)]);
  return rows.map(({ status }) => words[status] ?? status);
}

async function openSession(): Promise<string> {
  return (await post("/json/auth", { token: key })).json.session_id;
}

describe("in JSON", () => {
  test("the printed examples of auth and ping are answered, and the session is known to every process", async () => {
    const { json } = await post("/json/auth", { token: key });
    expect(json).toEqual({ result: ok, session_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect((await post("/json/ping", { session_id: json.session_id }, second)).json).toEqual({ result: ok });
  });

  test("the printed example of send_message is answered, comment and all, and check_message follows it", async () => {
    const session = await openSession();
    const printed = `{
    "to": "${to}",
    "session_id": "${session}",
    "text": "${text}",
    "unicode": false // This parameter ensures automatic removal of diacritics from the message
}`;
    const sent = await post("/json/send_message", printed);
    const id = expect.any(Number);
    const entry = { status: "success", code: "OK", description: "", message_id: id, parts: 1 };
    expect([sent.status, sent.json]).toEqual([200, { result: ok, message_count: 1, messages: [entry] }]);
    const check = () =>
      post(
        "/json/check_message",
        { message_id: sent.json.messages[0].message_id, session_id: session },
        second,
      );
    await eventually(async () => (await check()).json.code === "DELIVERED");
    expect((await check()).json).toEqual({
      result: ok,
      message_id: String(sent.json.messages[0].message_id),
      status: "Delivered",
      code: "DELIVERED",
      deliveryDateTime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    });
  });

  test("what the key's address is told comes in the printed form, in order, until it is answered 200", async () => {
    let refusals = 3;
    client.answer(() => (refusals-- > 0 ? 500 : 200));
    client.received.length = 0;
    const sent = await post("/json/send_message", { token: key, to, text });
    const id = sent.json.messages[0].message_id;
    const taken = () => client.received.filter(({ json, status }) => json.messageId === id && status === 200);
    await eventually(() => taken().some(({ json }) => json.delivery.status === "DELIVERED"));
    expect(taken().map(({ json }) => json.delivery.status)).toEqual(await happened(id));
    expect(taken().at(-1)?.json).toEqual({
      delivery: { status: "DELIVERED" },
      messageId: id,
      channel: "sms",
      messageParts: 1,
      type: "dsn",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  test("with callback false nothing is told", async () => {
    const sent = await post("/json/send_message", { token: key, to, text, callback: false });
    const id = sent.json.messages[0].message_id;
    await eventually(
      async () =>
        (await post("/json/check_message", { token: key, message_id: id })).json.code === "DELIVERED",
    );
    const last = await post("/json/send_message", { token: key, to, text });
    const lastId = last.json.messages[0].message_id;
    await eventually(() => client.received.some(({ json }) => json.messageId === lastId));
    expect(client.received.filter(({ json }) => json.messageId === id)).toEqual([]);
  });

  test("a message may be sent later, with diacritics removed, to several numbers of which one is wrong", async () => {
    const later = new Date(Date.now() + 7_200_000 + 3_600_000).toISOString().slice(0, 19).replace("T", " ");
    const sent = await post("/json/send_message", {
      token: key,
      to: `${to},123`,
      text: "Kôň",
      unicode: false,
      delivery_time: later,
      priority: 3,
      from: "MyBrand",
      type: "standard",
    });
    expect(sent.json.messages).toEqual([
      expect.objectContaining({ code: "OK" }),
      { status: "error", code: "INCORRECT_RECIPIENT_ADDRESS", description: "Chybný príjemca: 123" },
    ]);
    const id = sent.json.messages[0].message_id;
    expect((await post("/json/check_message", { token: key, message_id: id })).json).toMatchObject({
      code: "SCHEDULED",
      status: "Scheduled",
      deliveryDateTime: "",
    });
    const { messages } = await app.client.data<{ messages: { edges: { node: object }[] } }>(
      `{ messages(filter: { status: [SCHEDULED] }) { edges { node { text priority from } } } }`,
    );
    expect(messages.edges).toEqual([{ node: { text: "Kon", priority: "HIGH", from: "MyBrand" } }]);
  });

  test("a message is valid for 1440 minutes unless another validity is asked for", async () => {
    expect([await validMinutes({}), await validMinutes({ validity: 5 })]).toEqual([1_440, 5]);
  });

  test("a number is checked by its prefix where no provider can tell, and there are no groups without a provider that has them", async () => {
    const checked = await post("/json/check_phone_number", { phone_number: "0900000001", token: key });
    expect(checked.json).toEqual({ result: ok, exists: true, operator: "Telekom" });
    expect((await post("/json/sms-groups", { token: key, limit: 5, startFrom: 5 })).json).toEqual({
      result: ok,
      count: 0,
      groups: [],
    });
  });
});

describe("in XML", () => {
  test("the printed examples are answered", async () => {
    const session = inside((await post("/xml/auth", declared(`<token>${key}</token>`))).text, "session_id");
    expect(session).toMatch(/^[0-9a-f-]{36}$/);
    const pinged = await post("/xml/ping", declared(`<session_id>${session}</session_id>`));
    expect(pinged.headers.get("content-type")).toMatch(/^application\/xml/);
    expect(pinged.text).toMatch(
      /<result>\s*<status>success<\/status>\s*<description><\/description>\s*<code>OK<\/code>/,
    );
    const sent = await post(
      "/xml/send_message",
      declared(
        `<to>${to}</to><session_id>${session}</session_id><text>${text}</text>` +
          "<unicode>false</unicode> <!-- This parameter ensures automatic removal of diacritics from the message -->",
      ),
    );
    const [, id = ""] = /<messages count="1">\s*<message id="(\d+)">/.exec(sent.text) ?? [];
    expect(id).toMatch(/^\d+$/);
    const check = () =>
      post(
        "/xml/check_message",
        `<request><message_id>${id}</message_id><session_id>${session}</session_id></request>`,
      );
    await eventually(async () => (await check()).text.includes("<code>DELIVERED</code>"));
    expect(inside((await check()).text, "message")).toMatch(/<status>Delivered<\/status>/);
    const groups = await post(
      "/xml/sms-groups",
      declared(`<token>${key}</token><limit>5</limit><startFrom>5</startFrom>`),
    );
    expect(groups.text).toContain('<groups count="0"');
    const number = await post(
      "/xml/check_phone_number",
      declared(`<phone_number>0900000001</phone_number><token>${key}</token>`),
    );
    expect(inside(number.text, "phone_number")).toMatch(
      /<exists>true<\/exists>\s*<operator>Telekom<\/operator>/,
    );
  });

  test("a document with a document type is refused", async () => {
    const evil = `<!DOCTYPE r [<!ENTITY x "y">]>${declared(`<token>${key}</token>`)}`;
    expect((await post("/xml/auth", evil)).text).toContain("<code>INVALID_REQUEST</code>");
  });
});

describe("credentials", () => {
  test("a session ends after fifteen idle minutes, and every call renews it", async () => {
    const session = await openSession();
    const { database } = app.services;
    const age = (minutes: number) =>
      database.prisma.compatSession.update({
        where: { id: session },
        data: { usedAt: new Date(Date.now() - minutes * 60_000) },
      });
    await age(14);
    expect((await post("/json/ping", { session_id: session })).json.result.code).toBe("OK");
    await age(14);
    expect(
      (await post("/json/check_message", { session_id: session, message_id: "1" })).json.result.code,
    ).toBe("MESSAGE_NOT_FOUND");
    await age(16);
    expect((await post("/json/ping", { session_id: session })).json.result).toEqual({
      status: "error",
      description: "Session was not found or has expired",
      code: "SESSION_NOT_FOUND",
    });
    expect((await post("/json/send_message", { session_id: session, to, text })).json.result).toEqual({
      status: "error",
      description: "Relácia nebola nájdená alebo expirovala",
      code: "SESSION_NOT_FOUND",
    });
  });

  test("a session comes as a cookie too, for clients that keep it", async () => {
    const { headers } = await post("/json/auth", { token: key });
    const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
    const answer = await compatFetch(app, "/telekom/json/check_message", {
      method: "POST",
      headers: { cookie },
      body: JSON.stringify({ message_id: "1" }),
    });
    expect(answer.json.result.code).toBe("MESSAGE_NOT_FOUND");
  });

  test.each<Record<string, string>>([
    { origin: "https://elsewhere.example.com" },
    { "sec-fetch-site": "cross-site" },
  ])("the cookie does not count when the page of another site asks: %o", async (header) => {
    const { headers } = await post("/json/auth", { token: key });
    const answer = await compatFetch(app, "/telekom/json/check_message", {
      method: "POST",
      headers: { ...header, cookie: headers.get("set-cookie")?.split(";")[0] ?? "" },
      body: JSON.stringify({ message_id: "1" }),
    });
    expect(answer.json.result.code).toBe("AUTHENTICATION_REQUIRED");
  });

  test("a key is refused from an address that it may not be used from", async () => {
    const bound = newKey();
    await storeKey(app.services.database, bound, {
      accountId: app.accountId,
      name: "bound",
      granted: ["SEND"],
      allowedAddresses: ["203.0.113.0/24"],
    });
    expect((await post("/json/auth", { token: bound })).json.result).toEqual({
      status: "error",
      description: expect.stringMatching(/^Access from IP address \S+ is not allowed$/),
      code: "IP_NOT_ALLOWED",
    });
  });

  test("GET is answered only for a key that allows it", async () => {
    expect((await compatFetch(app, `/telekom/json/send_message${query(app.key)}`)).json.result.code).toBe(
      "GET_REQUEST_FORBIDDEN",
    );
    expect((await compatFetch(app, `/telekom/json/send_message${query(key)}`)).json.messages).toHaveLength(1);
    const data = new URLSearchParams({ data: `<request><token>${key}</token></request>` });
    expect((await compatFetch(app, `/telekom/xml/auth?${data}`)).text).toContain("<session_id>");
  });

  test("by GET, where all values are text, false is what is written so", async () => {
    const silent = new URLSearchParams({ token: key, to, text: "Kôň", unicode: "false", callback: "false" });
    const { json } = await compatFetch(app, `/telekom/json/send_message?${silent}`);
    const id = json.messages[0].message_id;
    await eventually(
      async () =>
        (await post("/json/check_message", { token: key, message_id: id })).json.code === "DELIVERED",
    );
    const where = { api: "TELEKOM", vendorId: String(id) } as const;
    const { prisma } = app.services.database;
    const known = await prisma.compatMessage.findFirstOrThrow({ where });
    expect(known.callbackUrl).toBeNull();
    expect((await prisma.message.findUniqueOrThrow({ where: { id: known.messageId } })).text).toBe("Kon");
  });

  test.each<[string, unknown]>([
    ["empty", ""],
    ["null", null],
  ])("of two credentials of which one is %s, the other counts", async (_what, nothing) => {
    const session = await openSession();
    for (const credentials of [
      { token: key, session_id: nothing },
      { token: nothing, session_id: session },
    ])
      expect((await post("/json/check_message", { ...credentials, message_id: "1" })).json.result.code).toBe(
        "MESSAGE_NOT_FOUND",
      );
    expect((await post("/json/ping", { token: nothing, session_id: nothing })).json.result.code).toBe(
      "AUTHENTICATION_REQUIRED",
    );
  });

  test.each([
    ["nothing", {}, "AUTHENTICATION_REQUIRED"],
    ["both", { token: "x", session_id: "y" }, "AUTHENTICATION_REQUIRED"],
    ["a wrong key", { token: "x" }, "API_TOKEN_NOT_FOUND"],
    ["a key that is no text", { token: { a: 1 } }, "API_TOKEN_NOT_FOUND"],
    ["a wrong session", { session_id: "92f84490-1f89-11f0-a652-9ba39c6bc33b" }, "SESSION_NOT_FOUND"],
  ])("with %s the code is said", async (_what, credentials, code) => {
    expect((await post("/json/check_message", { ...credentials, message_id: "1" })).json.result.code).toBe(
      code,
    );
  });
});

test.each([
  [{ to: undefined }, "RECIPIENT_REQUIRED"],
  [{ text: "" }, "TEXT_REQUIRED"],
  [{ text: " \n" }, "TEXT_REQUIRED"],
  [{ from: "TwelveLetter" }, "TEXT_NUMBER_LENGTH_EXCEED"],
  [{ delivery_time: "tomorrow" }, "INVALID_DELIVERY_TIME"],
  [{ priority: 4 }, "INVALID_PRIORITY_VALUE"],
  [{ validity: 1441 }, "INVALID_VALIDITY_VALUE"],
  [{ type: "loud" }, "INVALID_TYPE_VALUE"],
  [{ from: {} }, "TEXT_NUMBER_MUST_BE_ALPHANUMERIC"],
  [{ priority: true }, "INVALID_PRIORITY_VALUE"],
  [{ validity: [] }, "INVALID_VALIDITY_VALUE"],
  [{ validity: 0 }, "INVALID_VALIDITY_VALUE"],
  [{ groupId: {} }, "GROUP_NOT_FOUND"],
  [{ delivery_time: 20_251_001 }, "INVALID_DELIVERY_TIME"],
  [{ type: null }, "INVALID_TYPE_VALUE"],
  [{ to: Array.from({ length: 101 }, () => to).join(",") }, "NO_RECIPIENTS"],
])("send_message with %o is refused with the code %s", async (odd, code) => {
  const answer = await post("/json/send_message", { token: key, to, text, ...odd });
  expect([answer.status, answer.json.result.code]).toEqual([200, code]);
});

test.each([
  [
    "comments",
    '{"to": "1" /* or more */, "text": "// no comment" } // end',
    { to: "1", text: "// no comment" },
  ],
  [
    "a text with marks of comments",
    String.raw`{"text": "a \"quoted\" /* word */"} /* */`,
    { text: 'a "quoted" /* word */' },
  ],
  ["a text that is not closed", `/${String.raw`\"`.repeat(32_000)}`, undefined],
  ["comments that are not closed", "/*a".repeat(21_000), undefined],
])("a body with %s is read once from its beginning to its end", (_, body, fields) => {
  const read = readFields("json", body);
  expect(read && Object.fromEntries(read)).toEqual(fields);
});

test.each([
  ["check_message", {}, "MESSAGE_ID_REQUIRED"],
  ["check_phone_number", {}, "PHONE_NUMBER_REQUIRED"],
  ["check_phone_number", { phone_number: "" }, "PHONE_NUMBER_REQUIRED"],
  ["sms-groups", { limit: "five" }, "INVALID_REQUEST"],
  ["sms-groups", { startFrom: -1 }, "INVALID_REQUEST"],
])("%s with %o is refused with the code %s, in both formats", async (name, fields, code) => {
  expect((await post(`/json/${name}`, { token: key, ...fields })).json.result.code).toBe(code);
  const elements = Object.entries(fields).map(([field, value]) => `<${field}>${value}</${field}>`);
  const inXml = await post(`/xml/${name}`, declared(`<token>${key}</token>${elements.join("")}`));
  expect(inside(inXml.text, "code")).toBe(code);
});

test("a repeated request with the same Idempotency-Key has the same id, and lacking scopes are said", async () => {
  const once = () =>
    compatFetch(app, "/telekom/json/send_message", {
      method: "POST",
      headers: { "idempotency-key": "telekom-once" },
      body: JSON.stringify({ token: key, to, text }),
    });
  const first = await once();
  expect((await once()).json).toEqual(first.json);
  const readOnly = await app.createKey(["READ"]);
  expect((await post("/json/send_message", { token: readOnly, to, text })).json.result.code).toBe(
    "API_INTERFACE_DISABLED",
  );
  expect((await post("/json/nothing", {})).status).toBe(404);
});
