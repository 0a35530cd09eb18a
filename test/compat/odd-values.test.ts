import { request as httpRequest } from "node:http";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch } from "../support/compat.ts";

let app: TestApp;
let sandbox: TikosmsSandbox;
/** Of the served Telekom API. */
let session: string;

beforeAll(async () => {
  app = await startTestApp();
  ({ sandbox } = await connectTestSandbox(app));
  await app.client.data(`mutation ($id: ID!) { setApiKeyServing(id: $id, allowsGet: true) { __typename } }`, {
    id: await currentKey(),
  });
  const opened = await compatFetch(app, "/telekom/json/auth", {
    method: "POST",
    body: JSON.stringify({ token: app.key }),
  });
  session = opened.json.session_id;
});

afterAll(async () => {
  await app.stop();
  await sandbox.close();
});

async function currentKey(): Promise<string> {
  const { apiKeys } = await app.client.data<{ apiKeys: { edges: { node: { id: string } }[] } }>(
    "{ apiKeys(first: 1) { edges { node { id } } } }",
  );
  return apiKeys.edges[0]?.node.id ?? "";
}

type Fields = Record<string, unknown>;

interface Route {
  method: "GET" | "POST";
  path: string;
  /** Where its fields are. */
  in: "query" | "json" | "xml";
  /** As they would be taken. */
  fields: Fields;
  /** Who asks, when it is not among the fields. */
  as?: "Bearer" | "Basic";
}

const sms = {
  from: "MySender",
  message: "Hi",
  to: "421901234567",
  callback_url: "https://127.0.0.1/",
  client_ref: "r",
};
const recipients = [{ to: "421901234567", client_ref: "order-1", callback_url: "https://127.0.0.1/" }];
const tonkraSms = {
  recipient: "421901234567,421901234568",
  sender_id: "YourName",
  type: "plain",
  message: "Hi",
  schedule_time: "2021-12-20 07:00",
  dlt_template_id: "1",
};
const tonkraList = {
  page: "1",
  start_date: "2025-01-01 00:00:00",
  end_date: "2025-02-01 00:00:00",
  timezone: "UTC",
  sms_type: "plain",
  direction: "api",
};
const telekomSms = {
  to: "421901234100",
  text: "Hi",
  from: "MyBrand",
  callback: "1",
  delivery_time: "2025-01-01 00:00:00",
  priority: 2,
  validity: 1440,
  unicode: "0",
  type: "standard",
  groupId: 1,
};
const qikliSms = {
  bulkId: "BULK",
  messages: [
    {
      from: "A",
      destinations: [{ to: "421901234567", messageId: "M" }],
      text: "Hi",
      flash: false,
      transliteration: "GREEK",
      languageCode: "TR",
      intermediateReport: true,
      notifyUrl: "https://127.0.0.1/",
      notifyContentType: "application/json",
      callbackData: "x",
      validityPeriod: 720,
      sendAt: "2015-02-12T09:58:20.323+0000",
    },
  ],
  tracking: { track: "SMS", type: "t" },
};
const xmlOfQikli = {
  bulkId: "BULK",
  messages: {
    message: {
      ...qikliSms.messages[0],
      destinations: { destination: { to: "421901234567", messageId: "M" } },
    },
  },
};
const qikliQuery = {
  bulkId: "BULK",
  messageId: "M",
  sentSince: "2015-02-12T09:58:20.323+0000",
  sentUntil: "2035-02-12T09:58:20.323+0000",
  limit: "10",
};

const tikosms = (method: "GET" | "POST", path: string, fields: Fields): Route[] =>
  (method === "GET" ? (["query", "json"] as const) : (["json"] as const)).map((where) => ({
    method,
    path: `/tikosms/v1/${path}`,
    in: where,
    fields,
    as: "Bearer",
  }));

const tonkra = (path: string, fields: Fields, methods: readonly ("GET" | "POST")[] = ["GET"]): Route[] =>
  methods.flatMap((method): Route[] => {
    const where = method === "GET" ? "query" : "json";
    return [
      { method, path: `/tonkra/api/v3/${path}`, in: where, fields, as: "Bearer" },
      { method, path: `/tonkra/api/http/${path}`, in: where, fields: { ...fields, api_token: "KEY" } },
    ];
  });

const telekom = (name: string, fields: Fields, credential: "token" | "session_id" = "token"): Route[] => {
  const all = { ...fields, [credential]: credential === "token" ? "KEY" : "SESSION" };
  return [
    { method: "POST", path: `/telekom/json/${name}`, in: "json", fields: all },
    { method: "POST", path: `/telekom/xml/${name}`, in: "xml", fields: all },
    { method: "GET", path: `/telekom/json/${name}`, in: "query", fields: all },
  ];
};

const routes: Route[] = [
  ...tikosms("POST", "message", sms),
  ...tikosms("POST", "messages", {
    ...sms,
    recipients,
    scheduled_at: "2025-08-12 10:00:00",
    concurrency: 20,
  }),
  ...tikosms("GET", "get_message", { message_id: "m", campaign_id: "c" }),
  ...tikosms("GET", "get_message", { campaign_id: "c" }),
  ...tikosms("GET", "get_messages", { campaign_id: "c" }),
  ...tikosms("GET", "balance", { any: "x" }),
  ...tikosms("GET", "sms-rates", { mccmnc: "23101", country: "Slovakia" }),
  ...tonkra("sms/send", tonkraSms, ["GET", "POST"]),
  ...tonkra("sms", tonkraList),
  ...tonkra("sms/606812e63f78b", { any: "x" }),
  ...tonkra("balance", { any: "x" }),
  ...tonkra("me", { any: "x" }),
  ...telekom("auth", {}),
  ...telekom("ping", {}, "session_id"),
  ...telekom("send_message", telekomSms),
  ...telekom("send_message", { to: "421901234100", text: "Hi" }, "session_id"),
  ...telekom("check_message", { message_id: "1" }),
  ...telekom("sms-groups", { limit: 10, startFrom: 0 }),
  ...telekom("check_phone_number", { phone_number: "0901234100" }),
  { method: "POST", path: "/qikli/sms/2/text/advanced", in: "json", fields: qikliSms, as: "Basic" },
  { method: "POST", path: "/qikli/sms/2/text/advanced", in: "xml", fields: xmlOfQikli, as: "Basic" },
  { method: "GET", path: "/qikli/sms/1/reports", in: "query", fields: qikliQuery, as: "Basic" },
  { method: "GET", path: "/qikli/sms/1/logs", in: "query", fields: qikliQuery, as: "Basic" },
];

const odd: readonly unknown[] = [
  "\0",
  "M\0",
  "\ud800",
  "\udc00\ud800",
  "\ufffe",
  "x".repeat(3_000),
  "9".repeat(400),
  "-1",
  "1e308",
  "00000000-0000-0000-0000-00000000000\0",
  "0000-01-01 00:00:00",
  "0001-01-01T00:00:00+14:00",
  "9999-12-31 23:59:59",
  "9999-12-31T23:59:59-12:00",
  "+275760-09-13T00:00:00.001Z",
  "-271821-04-19T23:59:59Z",
  "2025-02-30 25:61:61",
  "",
  0,
  -1,
  2 ** 31,
  2 ** 53,
  1e308,
  true,
  null,
  [],
  ["\0"],
  {},
  { "\0": "\0" },
];

/** The fields with one of them, at any depth, replaced by each of the odd values; and with one more. */
function* variants(fields: Fields): Generator<Fields> {
  for (const value of odd) {
    for (const path of pathsIn(fields)) yield replaced(fields, path, value);
    yield { ...fields, "more\0": value };
  }
}

function pathsIn(node: unknown): string[][] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => [
    [name],
    ...pathsIn(value).map((path) => [name, ...path]),
  ]);
}

function replaced(fields: Fields, path: readonly string[], value: unknown): Fields {
  const copy = structuredClone(fields);
  const holder = path.slice(0, -1).reduce<unknown>((node, name) => Reflect.get(Object(node), name), copy);
  Reflect.set(Object(holder), path.at(-1) ?? "", value);
  return copy;
}

const withKey = (text: string): string => text.replaceAll("KEY", app.key).replaceAll("SESSION", session);

/** A text as an address and an XML document have it; a half surrogate pair is three bytes that are no UTF-8. */
const encoded = (value: unknown): string =>
  Array.from(typeof value === "string" ? value : JSON.stringify(value), (one) =>
    one.isWellFormed() ? encodeURIComponent(one) : "%ED%A0%80",
  ).join("");

function xmlOf(value: unknown): string {
  if (typeof value !== "object" || value === null)
    return Array.from(String(value), (one) => {
      const code = one.codePointAt(0) ?? 0;
      return /[\w ,./:+-]/.test(one) ? one : `&#${code};`;
    }).join("");
  return Object.entries(value)
    .map(([name, one]) => {
      const tag = name.replaceAll("\0", "_").replace(/^(?=\d)/, "item");
      return `<${tag}>${xmlOf(one)}</${tag}>`;
    })
    .join("");
}

interface Sent {
  path: string;
  body: string | undefined;
  type: string;
}

function write({ path, in: where }: Route, fields: Fields): Sent {
  if (where === "query") {
    const pairs = Object.entries(fields).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
    return { path: withKey(`${path}?${pairs.join("&")}`), body: undefined, type: "application/json" };
  }
  if (where === "json") return { path, body: withKey(JSON.stringify(fields)), type: "application/json" };
  return { path, body: withKey(`<request>${xmlOf(fields)}</request>`), type: "application/xml" };
}

async function ask(route: Route, { path, body, type }: Sent, more: Record<string, string> = {}) {
  const secret = route.as === "Basic" ? btoa(`me:${app.key}`) : app.key;
  const sending = httpRequest(`${app.url}/compat${path}`, {
    method: route.method,
    headers: {
      accept: type,
      "content-type": type,
      ...(route.as && { authorization: `${route.as} ${secret}` }),
      ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
      ...more,
    },
  });
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    sending.once("error", reject);
    sending.once("response", (response) => {
      buffer(response).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, text: bytes.toString() }),
        reject,
      );
    });
  });
  sending.end(body);
  return answered;
}

const faults = (): string[] => app.log.filter((line) => line.includes("a request to a served API failed"));

beforeEach(() => {
  app.log.length = 0;
});

describe("an odd value", () => {
  it.each(routes.map((route) => ({ ...route, name: `${route.method} ${route.path} in ${route.in}` })))(
    "an odd value in any place is answered and no fault of ours: $name",
    async (route) => {
      const plain = await ask(route, write(route, route.fields));
      expect(plain.status, plain.text).toBeLessThan(500);
      for (const fields of variants(route.fields)) {
        const sent = write(route, fields);
        const { status, text } = await ask(route, sent);
        expect(status, `${sent.path} ${sent.body} ${text}`).toBeLessThan(500);
      }
      expect(faults()).toEqual([]);
    },
  );

  it.each(["idempotency-key", "authorization", "cookie", "content-type", "accept"])(
    "an odd %s is answered and no fault of ours",
    async (header) => {
      for (const route of routes)
        for (const value of ["\u00FF\u0080", "x".repeat(5_000), "session=AAAA", "Basic AAAA", ";=,"]) {
          const { status, text } = await ask(route, write(route, route.fields), { [header]: value });
          expect(status, `${route.path} ${value} ${text}`).toBeLessThan(500);
        }
      expect(faults()).toEqual([]);
    },
  );
});

const headers = { "content-type": "application/json" };
const json = (fields: object): RequestInit => ({ method: "POST", headers, body: JSON.stringify(fields) });
const basic = (): RequestInit => ({ headers: { authorization: `Basic ${btoa(`me:${app.key}`)}` } });
const bearer = () => ({ ...headers, authorization: `Bearer ${app.key}` });

describe("a NUL character in what is looked for", () => {
  it.each(["reports", "logs"])("is a bad request to Qikli's %s, which names the field", async (what) => {
    for (const field of ["bulkId", "messageId"]) {
      const answer = await compatFetch(app, `/qikli/sms/1/${what}?${field}=%00`, basic());
      expect([answer.status, answer.json.requestError.serviceException]).toMatchObject([
        400,
        { messageId: "BAD_REQUEST", validationErrors: { [field]: [expect.stringContaining("NUL")] } },
      ]);
    }
  });

  it("is an invalid request to Telekom's check_message, in JSON and by GET", async () => {
    const { json: posted } = await compatFetch(
      app,
      "/telekom/json/check_message",
      json({ token: app.key, message_id: "\0" }),
    );
    const { json: got } = await compatFetch(
      app,
      `/telekom/json/check_message?token=${app.key}&message_id=%00`,
    );
    for (const { result } of [posted, got])
      expect(result).toMatchObject({ status: "error", code: "INVALID_REQUEST" });
  });

  it("is refused by TikoSMS and Tonkra as other wrong fields are", async () => {
    const ofTikosms = await compatFetch(app, "/tikosms/v1/get_message?message_id=%00", { headers: bearer() });
    expect([ofTikosms.status, ofTikosms.json]).toMatchObject([422, { success: false }]);
    const ofTonkra = await compatFetch(app, "/tonkra/api/v3/sms?sms_type=%00", { headers: bearer() });
    expect(ofTonkra.json).toMatchObject({ status: "error", message: expect.stringContaining("NUL") });
  });

  it("refuses one recipient of a TikoSMS campaign, and not the others", async () => {
    const fields = {
      from: "MySender",
      message: "Hi",
      recipients: [{ to: "421901234567", client_ref: "\0" }, { to: "421901234568" }],
    };
    const { status, json: answer } = await compatFetch(app, "/tikosms/v1/messages", {
      ...json(fields),
      headers: bearer(),
    });
    expect([status, answer]).toMatchObject([200, { success: true, recipients: 1 }]);
  });
});
