import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createWorkerPlaces } from "../../../src/lanes/provider-places.ts";
import { decodeId } from "../../../src/lib/global-id.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { ClosedLanes } from "../../../src/lanes/closed-lanes.ts";
import { laneFlag } from "../../../src/queue/contract.ts";
import { Dispatcher } from "../../../src/messages/dispatch/dispatch.ts";
import { Failover } from "../../../src/messages/dispatch/failover.ts";
import { Outcomes } from "../../../src/messages/dispatch/outcomes.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { queueMessage } from "../../support/callbacks.ts";
import { connectProvider } from "../../support/mutations.ts";
import { startProviderDouble, type ProviderDouble } from "../../support/provider-double.ts";

let app: TestApp;
let double: ProviderDouble;

beforeAll(async () => {
  [app, double] = await Promise.all([startTestApp({ runsWorker: false }), startProviderDouble()]);
});

afterAll(async () => {
  await app.stop();
  await double.close();
});

/** A dispatcher of its own, whose jobs no worker runs. */
function createDispatcher(lanes: ClosedLanes, places = createWorkerPlaces(8)): Dispatcher {
  const { services } = app;
  const failover = new Failover(services);
  const logger = createLogger({ level: "silent" });
  const outcomes = new Outcomes({ ...services, logger, random: () => 0, failover });
  const { sending, unsent } = places;
  return new Dispatcher({ ...services, lanes, failover, outcomes, places: sending, unsent });
}

it("a message whose provider is switched off keeps one job, and the worker skips others of that lane", async () => {
  const { url: baseUrl, token: apiToken } = double;
  const settings = { name: "Off", baseUrl, apiToken, defaultSender: "smsgraph" };
  const providerId = await connectProvider(app.client, settings);
  const id = await queueMessage(app, { providerId });
  await app.client.data(
    "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }",
    { input: { id: providerId, enabled: false } },
  );
  const lanes = new ClosedLanes();
  const dispatcher = createDispatcher(lanes);
  await dispatcher.dispatch(id);
  await dispatcher.dispatch(id);
  const { rows } = await app.services.database.pool.query<{ waits: boolean }>(
    "select run_at > now() + interval '20 seconds' as waits from graphile_worker.jobs where key = $1",
    [`dispatch ${id}`],
  );
  expect(rows).toEqual([{ waits: true }]);
  expect(lanes.flags()).toEqual([laneFlag(decodeId("Provider", providerId), false)]);
  expect(double.requests).toEqual([]);
});

it("a message that ends unsent takes a place of its account's share, and those behind it end with it", async () => {
  const { url: baseUrl, token: apiToken } = double;
  const settings = { name: "Gone", baseUrl, apiToken, defaultSender: "smsgraph" };
  const providerId = await connectProvider(app.client, settings);
  const ids: string[] = [];
  for (let n = 0; n < 8; n++) ids.push(await queueMessage(app, { providerId, to: `+42190400000${n}` }));
  await app.client.data("mutation ($id: ID!) { disconnectProvider(id: $id) { __typename } }", {
    id: providerId,
  });
  const { pool } = app.services.database;
  const ended = async (): Promise<number> => {
    const { rows } = await pool.query<{ count: number }>(
      "select count(*)::int from messages where id = any ($1) and status = 'FAILED'",
      [ids],
    );
    return rows[0]?.count ?? 0;
  };
  const lanes = new ClosedLanes();
  const places = createWorkerPlaces(8);
  const dispatcher = createDispatcher(lanes, places);
  const [first = "", ...others] = ids;
  // As if two others of the account, a quarter of eight, were being ended.
  places.unsent.take(app.accountId, true, 2);
  await dispatcher.dispatch(first);
  expect(await ended()).toBe(0);
  const { rows } = await pool.query(
    "select from graphile_worker.jobs where key = $1 and run_at > created_at",
    [`dispatch ${first}`],
  );
  expect(rows).toHaveLength(1);
  places.unsent.take(app.accountId, true, -2);
  // The last one may have been sent: its own job asks what became of it.
  await pool.query(
    "insert into attempts (message_id, number, provider_id, started_at) values ($1, 1, $2, now())",
    [others.at(-1), decodeId("Provider", providerId)],
  );
  await dispatcher.dispatch(first);
  expect(await ended()).toBe(others.length);
});

it("a provider that does not answer holds few places, and its other messages wait in the queue", async () => {
  const { url: baseUrl, token: apiToken } = double;
  const settings = { name: "Silent", baseUrl, apiToken, defaultSender: "smsgraph" };
  const providerId = await connectProvider(app.client, settings);
  const answer = Promise.withResolvers<void>();
  double.plan = () => ({ answer: answer.promise });
  const numbers = Array.from({ length: 8 }, (_, n) => `+42190200000${n}`);
  const ids = await Promise.all(numbers.map((to) => queueMessage(app, { providerId, to })));
  const lanes = new ClosedLanes();
  // For a quarter of a second, which a busy machine may not look at.
  const closed = vi.spyOn(lanes, "crowd");
  const dispatcher = createDispatcher(lanes);
  const dispatched = ids.map((id) => dispatcher.dispatch(id));
  // Of eight places, one to try it and a quarter.
  await expect.poll(() => double.requests.length).toBe(3);
  const waiting = async () => {
    const { rows } = await app.services.database.pool.query<{ count: number }>(
      "select count(*)::int from graphile_worker.jobs where key = any ($1) and run_at > created_at",
      [ids.map((id) => `dispatch ${id}`)],
    );
    return rows[0]?.count;
  };
  await expect.poll(waiting).toBe(5);
  expect(closed.mock.calls.flatMap(([, providers]) => providers)).toEqual(
    Array(5).fill(decodeId("Provider", providerId)),
  );
  answer.resolve();
  await Promise.all(dispatched);
  expect(double.requests).toHaveLength(3);
});

it("the lane of a provider that had no place is open again as soon as one comes free", async () => {
  const { url: baseUrl, token: apiToken } = double;
  const settings = { name: "Quick", baseUrl, apiToken, defaultSender: "smsgraph" };
  const providerId = await connectProvider(app.client, settings);
  const answers = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  let asked = double.requests.length;
  const before = asked;
  double.plan = () => ({ answer: answers[asked++ - before]?.promise });
  const ids: string[] = [];
  for (let n = 0; n < 8; n++) ids.push(await queueMessage(app, { providerId, to: `+42190300000${n}` }));
  const lanes = new ClosedLanes();
  const dispatcher = createDispatcher(lanes);
  const dispatched = ids.map((id) => dispatcher.dispatch(id));
  await expect.poll(() => double.requests.length - before).toBe(3);
  // As if the others had just found no place.
  lanes.crowd(app.accountId, [decodeId("Provider", providerId)], 60_000);
  lanes.close("another provider", 60_000);
  expect(lanes.flags()).toHaveLength(4);
  answers[0]?.resolve();
  await expect.poll(() => lanes.flags()?.length).toBe(2);
  for (const answer of answers) answer.resolve();
  await Promise.all(dispatched);
});
