import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch, type CompatAnswer } from "../support/compat.ts";
import { mutate, mutation } from "../providers/contract-mutations.ts";
import { runs } from "../support/runs.ts";

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

/** A send request of one vendor. */
interface Request {
  path: string;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  /** How many messages the answer says are accepted. */
  accepted: (answer: CompatAnswer) => number;
}

const json = { "content-type": "application/json", accept: "application/json" };
const countOf = (list: unknown, isTaken: (row: never) => boolean): number =>
  Array.isArray(list) ? (list as never[]).filter(isTaken).length : 0;

const requests: Record<string, () => Request> = {
  "TikoSMS, one": () => ({
    path: "/tikosms/v1/message",
    headers: { ...json, authorization: `Bearer ${app.key}` },
    body: { from: "MySender", message: "Hi", to: "380501234567", callback_url: null, client_ref: "ref" },
    accepted: ({ json: answer }) => (answer?.success === true ? 1 : 0),
  }),
  "TikoSMS, many": () => ({
    path: "/tikosms/api/v1/messages",
    headers: { ...json, authorization: `Bearer ${app.key}` },
    body: {
      from: "MyBrand",
      message: "Hi",
      recipients: [{ to: "380501234567", client_ref: "order-1" }, { to: "380501234568" }],
      scheduled_at: "2025-08-12 10:00:00",
      concurrency: 20,
    },
    accepted: ({ json: answer }) => (answer?.success === true ? answer.recipients : 0),
  }),
  Tonkra: () => ({
    path: "/tonkra/api/http/sms/send",
    headers: json,
    body: {
      api_token: app.key,
      recipient: "31612345678,31612345679",
      sender_id: "YourName",
      type: "plain",
      message: "Hi",
      schedule_time: "2021-12-20 07:00",
    },
    accepted: ({ json: answer }) =>
      answer?.status === "success" ? (Array.isArray(answer.data) ? answer.data.length : 1) : 0,
  }),
  Telekom: () => ({
    path: "/telekom/json/send_message",
    headers: json,
    body: {
      token: app.key,
      to: "421901234100",
      text: "Hi",
      from: "MyBrand",
      priority: 2,
      validity: 1440,
      unicode: false,
    },
    accepted: ({ json: answer }) => countOf(answer?.messages, ({ code }: { code: string }) => code === "OK"),
  }),
  Qikli: () => ({
    path: "/qikli/sms/2/text/advanced",
    headers: { ...json, authorization: `Basic ${btoa(`me:${app.key}`)}` },
    body: {
      bulkId: "BULK",
      messages: [
        { from: "A", destinations: [{ to: "233205072987" }], text: "Hi", flash: false, callbackData: "x" },
      ],
      tracking: { track: "SMS" },
    },
    accepted: ({ json: answer }) =>
      countOf(answer?.messages, ({ status }: { status: { groupId: number } }) => status.groupId < 2),
  }),
};

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.constantFrom(
    "\0",
    "\ud800",
    "{{name}}",
    "x".repeat(400),
    "+421901234100",
    "9".repeat(30),
    -1,
    1e308,
    [],
    {},
  ),
);

const place = fc.nat({ max: 20 });

/** The request with some of its values, at any depth, replaced or left out. */
function mutated(body: unknown, changes: readonly { at: number; to: unknown; isGone: boolean }[]): unknown {
  const copy = structuredClone(body);
  for (const { at, to, isGone } of changes) {
    const slots: [object, string][] = [];
    const walk = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      for (const key of Object.keys(node)) {
        if (key !== "token" && key !== "api_token") slots.push([node, key]);
        walk(Reflect.get(node, key));
      }
    };
    walk(copy);
    const [holder, key] = slots[at % slots.length] ?? [];
    if (!holder || key === undefined) continue;
    if (isGone) Reflect.deleteProperty(holder, key);
    else Reflect.set(holder, key, to);
  }
  return copy;
}

/** In one statement: recipients become messages meanwhile. */
const countStored = {
  name: "count_what_is_stored",
  text: "select ((select count(*) from messages) + (select count(*) from campaign_recipients))::int as count",
};

const stored = async (): Promise<number> => {
  const [row] = await app.services.database.query<{ count: number }>(countStored, []);
  return row?.count ?? 0;
};

const faults = (): string[] => app.log.filter((line) => line.includes("a request to a served API failed"));

test.each(Object.entries(requests))(
  "%s: a request with odd values is accepted as its answer says, or refused, and nothing crashes",
  async (_name, make) => {
    const { path, headers, body, accepted } = make();
    const change = fc.record({ at: place, to: value, isGone: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const before = await stored();
        const odd = JSON.stringify(mutated(body, changes));
        const answer = await compatFetch(app, path, { method: "POST", headers, body: odd });
        expect(answer.status, answer.text).toBeLessThan(500);
        expect(answer.json, answer.text).toBeDefined();
        expect(await stored()).toBe(before + accepted(answer));
      }),
      runs(60),
    );
    expect(faults()).toEqual([]);
  },
);

test.each(Object.entries(requests))(
  "%s: a body of anything at all is answered, and nothing is stored",
  async (_name, make) => {
    const { path, headers } = make();
    const bodies = fc.oneof(fc.uint8Array({ maxLength: 500 }), fc.string({ unit: "binary", maxLength: 200 }));
    const types = fc.constantFrom(
      "application/json",
      "application/xml",
      "text/plain",
      "application/x-www-form-urlencoded",
    );
    await fc.assert(
      fc.asyncProperty(bodies, types, async (body, type) => {
        const before = await stored();
        const answer = await compatFetch(app, path, {
          method: "POST",
          headers: { ...headers, "content-type": type },
          body: typeof body === "string" ? body : Buffer.from(body),
        });
        expect(answer.status, answer.text).toBeLessThan(500);
        expect(await stored()).toBe(before);
      }),
      runs(40),
    );
    expect(faults()).toEqual([]);
  },
);

const xmlRequests: Record<
  string,
  () => { path: string; headers: Record<string, string>; text: string; taken: RegExp }
> = {
  "Telekom in XML": () => ({
    path: "/telekom/xml/send_message",
    headers: { "content-type": "application/xml" },
    text: `<request><token>${app.key}</token><to>421901234100</to><text>Hi</text><unicode>false</unicode></request>`,
    taken: /<message id="/g,
  }),
  "Qikli in XML": () => ({
    path: "/qikli/sms/2/text/advanced",
    headers: {
      "content-type": "application/xml",
      accept: "application/xml",
      authorization: `Basic ${btoa(`me:${app.key}`)}`,
    },
    text:
      "<request><messages><message><from>A</from><text>Hi</text><destinations><destination><to>233205072987</to>" +
      "</destination></destinations></message></messages></request>",
    taken: /<groupName>PENDING</g,
  }),
};

test.each(Object.entries(xmlRequests))(
  "%s: a damaged document is read or refused, and nothing crashes",
  async (_name, make) => {
    const { path, headers, text, taken } = make();
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const before = await stored();
        const body = mutations.reduce(mutate, text).toWellFormed();
        const answer = await compatFetch(app, path, { method: "POST", headers, body });
        expect(answer.status, answer.text).toBeLessThan(500);
        expect(await stored()).toBe(before + [...answer.text.matchAll(taken)].length);
      }),
      runs(60),
    );
    expect(faults()).toEqual([]);
  },
);

test.each(Object.entries(requests))(
  "%s: a damaged body is read or refused, and nothing crashes",
  async (_name, make) => {
    const { path, headers, body, accepted } = make();
    const text = JSON.stringify(body);
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const before = await stored();
        const damaged = mutations.reduce(mutate, text).toWellFormed();
        const answer = await compatFetch(app, path, { method: "POST", headers, body: damaged });
        expect(answer.status, answer.text).toBeLessThan(500);
        expect(await stored()).toBe(before + accepted(answer));
      }),
      runs(60),
    );
    expect(faults()).toEqual([]);
  },
);

const paths = [
  "/tikosms/v1/get_message",
  "/tikosms/v1/get_messages",
  "/tikosms/v1/sms-rates",
  "/tonkra/api/http/sms",
  "/tonkra/api/http/sms/0",
  "/tonkra/api/v3/sms",
  "/telekom/json/check_message",
  "/telekom/xml/auth",
  "/qikli/sms/1/reports",
  "/qikli/sms/1/logs",
];

const parameterNames =
  "message_id campaign_id mccmnc country page start_date timezone sms_type direction api_token token session_id data bulkId messageId limit sentSince".split(
    " ",
  );

test("look-ups with any parameters are answered, and nothing crashes", async () => {
  const names = fc.constantFrom(...parameterNames);
  const query = fc.array(fc.tuple(names, fc.oneof(fc.string({ unit: "binary" }), fc.constant("KEY"))), {
    maxLength: 4,
  });
  const credentials = fc.constantFrom("Bearer", "Basic", "");
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), query, credentials, async (path, parameters, scheme) => {
      const filled = parameters.map(([name, given]) => [
        name,
        given === "KEY" ? app.key : given.toWellFormed(),
      ]);
      const secret = scheme === "Basic" ? btoa(`me:${app.key}`) : app.key;
      const answer = await compatFetch(app, `${path}?${new URLSearchParams(filled)}`, {
        headers: { ...json, ...(scheme !== "" && { authorization: `${scheme} ${secret}` }) },
      });
      expect(answer.status, `${path} ${answer.text}`).toBeLessThan(500);
    }),
    runs(200),
  );
  expect(faults()).toEqual([]);
});
