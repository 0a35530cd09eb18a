import { afterAll, beforeAll, expect, test } from "vitest";
import { startTelekomSandbox, type TelekomSandbox } from "../../src/sandbox/telekom/index.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { compatFetch } from "../support/compat.ts";

let app: TestApp;
let sandbox: TelekomSandbox;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  sandbox = await startTelekomSandbox();
  await app.client.data(
    `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }`,
    { input: { telekom: { name: "Telekom", token: sandbox.token, baseUrl: sandbox.url } } },
  );
});

afterAll(async () => {
  await app.stop();
  await sandbox.close();
});

const post = (path: string, body: object | string) =>
  compatFetch(app, `/telekom${path}`, {
    method: "POST",
    headers: { "content-type": path.startsWith("/xml") ? "application/xml" : "application/json" },
    body: typeof body === "string" ? body : JSON.stringify({ token: app.key, ...body }),
  });

test("sms-groups tells the cadence groups of the connected Telekom SK, a page of them where one is asked for", async () => {
  const all = await post("/json/sms-groups", {});
  expect(all.json).toMatchObject({
    result: { status: "success", code: "OK" },
    count: 7,
    groups: [
      { id: 1000, name: "Morning", isPaused: false, note: "Text" },
      ...Array.from({ length: 5 }, () => expect.anything()),
      { id: 1006, name: "Paused", isPaused: true },
    ],
  });
  const page = await post("/json/sms-groups", { limit: 5, startFrom: 5 });
  expect(page.json.groups.map(({ id }: { id: number }) => id)).toEqual([1005, 1006]);
  const xml = await post(
    "/xml/sms-groups",
    `<request><token>${app.key}</token><limit>1</limit><startFrom>6</startFrom></request>`,
  );
  expect(xml.text).toMatch(/<groups count="1">\s*<number>\s*<id>1006<\/id>\s*<name>Paused<\/name>/);
  expect(xml.text).toContain("<isPaused>true</isPaused>");
});

test("check_phone_number asks the connected Telekom SK, which knows of a number that it is not in use", async () => {
  const known = await post("/json/check_phone_number", { phone_number: "0905000001" });
  expect(known.json).toMatchObject({ result: { code: "OK" }, exists: true, operator: "Orange" });
  const unused = await post("/json/check_phone_number", { phone_number: "+421905000014" });
  expect(unused.json).toMatchObject({ result: { code: "OK" }, exists: false, operator: "Orange" });
  const wrong = await post("/json/check_phone_number", { phone_number: "12" });
  expect(wrong.json).toMatchObject({ result: { code: "OK" }, exists: false });
});
