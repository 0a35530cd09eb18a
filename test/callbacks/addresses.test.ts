import { afterAll, beforeAll, expect, it } from "vitest";
import { parseAddressRange } from "../../src/lib/address-ranges.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { callbackUrlOf, countRows, post, readCounters } from "../support/callbacks.ts";
import { connectProvider, mutate } from "../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  const proxy = parseAddressRange("127.0.0.1");
  app = await startTestApp({ runsWorker: false, trustedProxies: proxy ? [proxy] : [] });
});

afterAll(() => app.stop());

const json = { "content-type": "application/json" };
const from = (address: string) => ({ ...json, "x-forwarded-for": address });
const refused = 'smsgraph_callbacks_total{result="wrong_address",provider="TIKOSMS"}';

it("callbacks of a provider with callbackAddresses are taken from these alone, also behind a proxy, and others get 403, are counted and not stored", async () => {
  const id = await connectProvider(app.client, { callbackAddresses: ["203.0.113.0/24", "2001:db8::1"] });
  const url = await callbackUrlOf(app, id);
  expect((await post(url, "{}", from("203.0.113.9"))).status).toBe(200);
  expect((await post(url, "{}", from("2001:db8::1"))).status).toBe(200);
  const stored = await countRows(app);
  const before = (await readCounters(app, "smsgraph_callbacks_total"))[refused] ?? 0;
  for (const headers of [from("203.0.114.1"), from("2001:db8::2"), from("not an address"), json]) {
    const answer = await post(url, "{}", headers);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain("callbackAddresses");
  }
  // Only the address that the proxy saw counts, not what the caller wrote before it.
  expect((await post(url, "{}", from("203.0.113.9, 198.51.100.1"))).status).toBe(403);
  expect((await readCounters(app, "smsgraph_callbacks_total"))[refused]).toBe(before + 5);
  expect(await countRows(app)).toEqual(stored);
});

it("whoever does not know the secret does not learn that there is a list of addresses", async () => {
  const id = await connectProvider(app.client, { callbackAddresses: ["203.0.113.7"] });
  const url = (await callbackUrlOf(app, id)).replace(/[^/]+$/, "wrong");
  expect((await post(url, "{}", from("198.51.100.1"))).status).toBe(404);
});

it("updateProvider replaces callbackAddresses, an empty list takes callbacks from everywhere again, and what is no address is refused", async () => {
  const id = await connectProvider(app.client);
  const url = await callbackUrlOf(app, id);
  const set = (callbackAddresses: string[]) =>
    mutate(app.client, "updateProvider", "UpdateProviderInput!", { id, callbackAddresses });
  expect((await post(url, "{}", from("198.51.100.1"))).status).toBe(200);
  expect(await set(["198.51.100.0/24"])).toMatchObject({ __typename: "Provider" });
  expect((await post(url, "{}", from("198.51.101.1"))).status).toBe(403);
  const read = "query ($id: ID!) { provider(id: $id) { callbackAddresses } }";
  expect(await app.client.data(read, { id })).toEqual({
    provider: { callbackAddresses: ["198.51.100.0/24"] },
  });
  expect(await set(["198.51.100.0/99"])).toMatchObject({
    code: "INVALID_INPUT",
    field: "callbackAddresses.0",
  });
  expect(await set([])).toMatchObject({ __typename: "Provider" });
  expect((await post(url, "{}", from("198.51.101.1"))).status).toBe(200);
  const { auditLog } = await app.client.data<{ auditLog: { edges: { node: { after: object } }[] } }>(
    `query ($id: ID!) { auditLog(filter: { targetId: $id }) { edges { node { after } } } }`,
    { id },
  );
  expect(auditLog.edges.map(({ node }) => node.after)).toMatchObject([
    { callbackAddresses: [] },
    { callbackAddresses: ["198.51.100.0/24"] },
    { callbackAddresses: [] },
  ]);
});
