import { afterAll, beforeAll, expect, test } from "vitest";
import { request } from "undici";
import { newKey } from "../../src/access/api-keys.ts";
import { encodeId } from "../../src/lib/global-id.ts";
import { storeKey } from "../../src/access/store-key.ts";
import type { TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch, type CompatAnswer } from "../support/compat.ts";
import { nextFrame, openStream } from "../support/live.ts";

let app: TestApp;
let sandbox: TikosmsSandbox;

beforeAll(async () => {
  app = await startTestApp({ compatHosts: new Map([["tikosms.example.com", "tikosms"]]) });
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.stop();
  await sandbox.close();
});

const json = { "content-type": "application/json", accept: "application/json" };

/** The same message to each of the four, and what is said of it. */
const vendors: Record<string, (key: string, to: string) => Promise<{ answer: CompatAnswer; said: unknown }>> =
  {
    async tikosms(key, to) {
      const body = JSON.stringify({ from: "A", message: "Hi", to });
      const headers = { ...json, authorization: `Bearer ${key}` };
      const answer = await compatFetch(app, "/tikosms/v1/message", { method: "POST", headers, body });
      return { answer, said: answer.json?.error ?? answer.json?.message };
    },
    async tonkra(key, to) {
      const body = JSON.stringify({
        api_token: key,
        sender_id: "A",
        type: "plain",
        message: "Hi",
        recipient: to,
      });
      const answer = await compatFetch(app, "/tonkra/api/http/sms/send", {
        method: "POST",
        headers: json,
        body,
      });
      return { answer, said: answer.json?.message };
    },
    async telekom(key, to) {
      const body = JSON.stringify({ token: key, text: "Hi", to });
      const answer = await compatFetch(app, "/telekom/json/send_message", {
        method: "POST",
        headers: json,
        body,
      });
      return { answer, said: answer.json?.messages?.[0].code ?? answer.text };
    },
    async qikli(key, to) {
      const body = JSON.stringify({ messages: [{ from: "A", text: "Hi", destinations: [{ to }] }] });
      const headers = { ...json, authorization: `Basic ${btoa(`me:${key}`)}` };
      const answer = await compatFetch(app, "/qikli/sms/2/text/advanced", { method: "POST", headers, body });
      return { answer, said: answer.json?.messages?.[0].status.name };
    },
  };

const names = Object.keys(vendors);
const send = (vendor: string, key: string, to = "421901234100") => {
  const speak = vendors[vendor];
  if (!speak) throw new Error(`${vendor} is not served`);
  return speak(key, to);
};

const setLimits = (input: string) =>
  app.client.data(`mutation { setSpendingLimits(input: ${input}) { __typename ... on Error { message } } }`);

const counted = () => app.services.database.prisma.message.count();

test("a whole host name may belong to one vendor, whose paths are then at its root", async () => {
  const headers = { host: "tikosms.example.com", authorization: `Bearer ${app.key}` };
  const { statusCode, body } = await request(`${app.url}/api/v1/balance`, { headers });
  expect([statusCode, await body.json()]).toMatchObject([200, { currency_code: "EUR" }]);
  const other = await request(`${app.url}/graphql`, { headers });
  expect([other.statusCode, await other.body.json()]).toMatchObject([
    404,
    { message: expect.stringMatching(/route graphql/) },
  ]);
});

test.each([
  ["tikosms", /No SMS rate is available/],
  ["tonkra", /Permission to send an SMS has not been enabled/],
  ["telekom", /^DESTINATION_NOT_ALLOWED$/],
  ["qikli", /^REJECTED_NETWORK$/],
])("%s refuses a country that the account does not allow, and stores nothing", async (vendor, said) => {
  await setLimits('{ allowedCountries: ["CZ"] }');
  const before = await counted();
  expect((await send(vendor, app.key)).said).toMatch(said);
  expect(await counted()).toBe(before);
  await setLimits("{}");
  await send(vendor, app.key);
  expect(await counted()).toBe(before + 1);
});

test.each([
  ["tikosms", /cap/],
  ["tonkra", /You do not have enough SMS units/],
  ["telekom", /^CREDIT_EXCEEDED$/],
  ["qikli", /^REJECTED_NOT_ENOUGH_CREDITS$/],
])("%s refuses what the account's spending cap does not allow, and stores nothing", async (vendor, said) => {
  await setLimits('{ caps: [{ amount: "0.0001", currency: "EUR", period: DAY }] }');
  const before = await counted();
  expect((await send(vendor, app.key)).said).toMatch(said);
  expect(await counted()).toBe(before);
  await setLimits("{}");
});

test.each(names)("%s tells a number that is not to be texted", async (vendor) => {
  await app.client.data(`mutation { suppressNumber(number: "+421901234555") { __typename } }`);
  const before = await counted();
  await send(vendor, app.key, "421901234555");
  expect(await counted()).toBe(before);
});

test.each(names)("%s holds the limits of a key, and says when to come back", async (vendor) => {
  const key = newKey();
  const limits = { sends: 0.2 };
  await storeKey(app.services.database, key, {
    accountId: app.accountId,
    name: vendor,
    granted: ["SEND"],
    limits,
  });
  const first = [await send(vendor, key), await send(vendor, key)];
  expect(first.map(({ answer }) => answer.status)).toEqual([200, 200]);
  const { answer } = await send(vendor, key);
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(answer.headers.get("ratelimit")).toContain('"sends"');
});

test.each(names)("an unknown key opens nothing at %s", async (vendor) => {
  const { json: opened } = (await send(vendor, "sg_nothing")).answer;
  expect(JSON.stringify(opened)).toMatch(/authenticated|credentials|API_TOKEN_NOT_FOUND|UNAUTHORIZED/);
});

test.each(names)("a message that came by %s is in the live stream of its account", async (vendor) => {
  const frames = await openStream(app.client);
  const before = await counted();
  await send(vendor, app.key);
  expect(await counted()).toBe(before + 1);
  const seen: string[] = [];
  while (!seen.includes("DELIVERED"))
    seen.push(...((await nextFrame(frames)).events ?? []).map(({ status }) => status));
  await frames.return?.();
});

test("the address for receipts and GET are set for a key, as an address of a webhook is checked", async () => {
  const set = (of: string, url: string) =>
    app.client.data<{ setApiKeyServing: object }>(
      `mutation ($id: ID!, $url: String) {
        setApiKeyServing(id: $id, callbackUrl: $url, allowsGet: true) {
          ... on ApiKey { callbackUrl allowsGet } ... on InvalidInputError { field code }
        }
      }`,
      { id: of, url },
    );
  const key = await app.createKey(["SEND"]);
  const { keyId = "" } = (await app.services.access.find(key)) ?? {};
  const id = encodeId("ApiKey", keyId);
  expect((await set(id, "https://example.com/dsn")).setApiKeyServing).toEqual({
    callbackUrl: "https://example.com/dsn",
    allowsGet: true,
  });
  expect((await set(id, "http://192.168.1.1/")).setApiKeyServing).toMatchObject({ code: "INVALID_INPUT" });
});
