import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { callbackUrlOf, post, queueMessage, update } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { connectProvider, nobody } from "../support/mutations.ts";

let app: TestApp;
let providerId: string;
let callbackUrl: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  providerId = await connectProvider(app.client, { defaultSender: "smsgraph" });
  callbackUrl = await callbackUrlOf(app, providerId);
});

afterAll(() => app.stop());

interface Shown {
  number: string;
  state: string;
  problem: string | null;
  body: string;
  receipts: { status: string; fate: string; ignoredReason: string | null; message: { id: string } | null }[];
}

async function inbox(filter = "{}", client = app.client): Promise<Shown[]> {
  const { receipts } = await client.data<{ receipts: { edges: { node: Shown }[] } }>(
    `{ receipts(filter: ${filter}) { edges { node {
      number state problem body receipts { status fate ignoredReason message { id } } } } } }`,
  );
  return receipts.edges.map(({ node }) => node);
}

it("the inbox shows each callback with what was read from it and what became of it, and reads quarantined ones again", async () => {
  const id = await queueMessage(app);
  const message = { id: encodeId("Message", id) };
  const bodies = [
    update({ client_ref: id, status: "DELIVRD" }),
    update({ client_ref: id, status: "SENT" }),
    update({ message_id: randomUUID(), status: "DELIVRD" }),
    update({ client_ref: randomUUID(), status: "DELIVRD" }),
    '{"inbound":{}}',
  ];
  for (const body of bodies) await post(callbackUrl, body);
  const found = await inbox();
  expect(found.map(({ body }) => body)).toEqual(bodies.toReversed());
  expect(found.map(({ state }) => state)).toEqual([
    "QUARANTINED",
    ...Array.from({ length: 4 }, () => "PROCESSED"),
  ]);
  expect(found.map(({ receipts }) => receipts)).toEqual([
    [],
    [{ status: "DELIVERED", fate: "UNMATCHED", ignoredReason: null, message: null }],
    [{ status: "DELIVERED", fate: "PARKED", ignoredReason: null, message: null }],
    [{ status: "SENT", fate: "IGNORED", ignoredReason: "ALREADY_FINAL", message }],
    [{ status: "DELIVERED", fate: "APPLIED", ignoredReason: null, message }],
  ]);
  expect(await inbox(`{ state: [QUARANTINED], providerId: "${providerId}" }`)).toMatchObject([
    { body: bodies[4] },
  ]);
  expect(await inbox(`{ providerId: "${nobody("Provider")}" }`)).toEqual([]);
  expect(
    await app.client.data(
      `{ provider(id: "${providerId}") { receiptInbox { quarantined quarantineLimit unmatched unmatchedLimit } } }`,
    ),
  ).toEqual({
    provider: {
      receiptInbox: { quarantined: 1, quarantineLimit: 10_000, unmatched: 1, unmatchedLimit: 50_000 },
    },
  });
});

const shown = async (filter: string): Promise<string[]> => (await inbox(filter)).map(({ body }) => body);

it("the inbox is asked for callbacks without a message, of a time, and of one message", async () => {
  const [id, late] = [await queueMessage(app), randomUUID()];
  const before = new Date().toISOString();
  const bodies = [
    update({ client_ref: id, status: "SENT" }),
    update({ message_id: late, status: "DELIVRD" }, { client_ref: id, status: "DELIVRD" }),
    update({ client_ref: randomUUID(), status: "DELIVRD" }),
  ];
  for (const body of bodies) await post(callbackUrl, body);
  const since = `received: { from: "${before}" }`;
  expect(await shown(`{ ${since} }`)).toEqual(bodies.toReversed());
  expect(await shown(`{ received: { until: "${before}" } }`)).not.toContain(bodies[0]);
  expect(await shown(`{ unmatched: true, ${since} }`)).toEqual([bodies[2], bodies[1]]);
  expect(await shown(`{ unmatched: true, ${since}, state: [QUARANTINED] }`)).toEqual([]);
  expect((await shown(`{ unmatched: true }`)).slice(0, 2)).toEqual([bodies[2], bodies[1]]);
  expect(await shown(`{ messageId: "${encodeId("Message", id)}" }`)).toEqual([bodies[1], bodies[0]]);
  expect(await shown(`{ messageId: "${encodeId("Message", id)}", unmatched: true, ${since} }`)).toEqual([
    bodies[1],
  ]);

  await app.services.database.prisma.message.update({ where: { id }, data: { providerMessageId: late } });
  expect(await shown(`{ unmatched: true, ${since} }`)).toEqual([bodies[2]]);
});

it("a page of unmatched callbacks is full though most have found their message since", async () => {
  const [id, found] = [await queueMessage(app), randomUUID()];
  const lost = Array.from({ length: 3 }, () => update({ message_id: randomUUID(), status: "SENT" }));
  const since = new Date().toISOString();
  for (const body of lost) {
    await post(callbackUrl, body);
    for (let repeat = 0; repeat < 4; repeat++)
      await post(callbackUrl, update({ message_id: found, status: "SENT", cost: repeat }));
  }
  await app.services.database.prisma.message.update({ where: { id }, data: { providerMessageId: found } });
  const { receipts } = await app.client.data<{
    receipts: { edges: { node: { body: string } }[]; pageInfo: { hasNextPage: boolean } };
  }>(
    `{ receipts(first: 2, filter: { unmatched: true, received: { from: "${since}" } }) {
      edges { node { body } } pageInfo { hasNextPage } } }`,
  );
  expect(receipts.edges.map(({ node }) => node.body)).toEqual([lost[2], lost[1]]);
  expect(receipts.pageInfo.hasNextPage).toBe(true);
});

it("the inbox of an account is closed to others, and to keys without ADMIN", async () => {
  const other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
  expect(await inbox("{}", other)).toEqual([]);
  const reader = new GraphqlClient(app.url, await app.createKey(["READ"]));
  const { errors } = await reader.send("{ receipts { edges { cursor } } }");
  expect(errors?.[0]?.extensions?.code).toBe("FORBIDDEN");
});

it("quarantined callbacks are read again by number or provider, each call going on where the last one ended", async () => {
  const { database } = app.services;
  const id = await queueMessage(app);
  const stored = (body: string) =>
    database.prisma.callback.create({
      data: {
        providerId: decodeId("Provider", providerId),
        receivedAt: new Date(),
        state: "QUARANTINED",
        problem: "Not understood.",
        body,
      },
    });
  const [understood, other] = [
    await stored(update({ client_ref: id, status: "DELIVRD" })),
    await stored("{}"),
  ];
  const reprocess = async (more: string): Promise<object> =>
    (
      await app.client.data<{ reprocessReceipts: object }>(
        `mutation { reprocessReceipts(${more}) {
          ... on ReprocessedReceipts { read processed unreadable applied hasMore lastNumber } ... on Error { code } } }`,
      )
    ).reprocessReceipts;
  expect(await reprocess(`numbers: ["${understood.id}"]`)).toEqual({
    read: 1,
    processed: 1,
    unreadable: 0,
    applied: 1,
    hasMore: false,
    lastNumber: String(understood.id),
  });
  expect(await reprocess(`providerId: "${providerId}", after: "${understood.id}"`)).toMatchObject({
    read: 1,
    unreadable: 1,
    lastNumber: String(other.id),
  });
  expect(await reprocess(`providerId: "${nobody("Provider")}"`)).toEqual({ code: "NOT_FOUND" });
  expect(await reprocess(`numbers: ["x"]`)).toEqual({ code: "INVALID_INPUT" });
});
