import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";

const statements: string[] = [];
let app: TestApp;
let sandboxes: Awaited<ReturnType<typeof connectTestSandbox>>[];
let messageIds: string[];

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, onStatement: (text) => statements.push(text) });
  sandboxes = [];
  for (let count = 0; count < 5; count++) sandboxes.push(await connectTestSandbox(app));
  for (const { providerId } of sandboxes) {
    await app.client.data("mutation ($id: ID!) { checkProvider(id: $id) { __typename } }", {
      id: providerId,
    });
  }
  messageIds = await sendMessages(app.client, 60);
});

afterAll(async () => {
  for (const { sandbox } of sandboxes) await sandbox.close();
  await app.stop();
});

/** Spread over the providers, so that no message gets its provider from another's. */
async function sendMessages(client: GraphqlClient, count: number): Promise<string[]> {
  const messages = Array.from({ length: count }, (_, index) => ({
    to: "+421901000000",
    text: "Hello",
    providerId: sandboxes[index % sandboxes.length]?.providerId,
  }));
  const { sendMessages: sent } = await client.data<{ sendMessages: { results: { id: string }[] } }>(
    `mutation ($input: SendMessagesInput!) {
      sendMessages(input: $input) {
        ... on SendMessagesSuccess { results { ... on Message { id provider { name } } } }
      }
    }`,
    { input: { messages } },
  );
  return sent.results.map(({ id }) => id);
}

/** The statements that a call causes; what the event feed reads by itself is not one of them. */
async function statementsOf(work: (client: GraphqlClient) => Promise<unknown>): Promise<string[]> {
  // A key that no cache knows yet.
  const client = new GraphqlClient(app.url, await app.createKey());
  statements.length = 0;
  await work(client);
  return statements.filter((text) => !text.includes("horizon"));
}

const times = (asked: readonly string[], text: string): number =>
  asked.filter((statement) => statement === text).length;

/** What `many` asks more often than `few`. A cache that ran out between them asks once, however many there are. */
function askedMoreOften(many: readonly string[], few: readonly string[]): string[] {
  return [...new Set(many)].filter((text) => times(many, text) > Math.max(1, times(few, text)));
}

describe("messages with provider, timeline, cost and cursor", () => {
  const query = `query ($first: Int!) {
    messages(first: $first) {
      pageInfo { hasNextPage endCursor }
      edges {
        cursor
        node {
          id cursor status text
          cost { amount currency }
          provider { id name kind }
          events(first: 20) { pageInfo { hasNextPage } edges { cursor node { status source cursor occurredAt } } }
        }
      }
    }
  }`;
  const read = (first: number) =>
    statementsOf(async (client) => {
      const { messages } = await client.data<{
        messages: { edges: { node: { events: { edges: unknown[] } } }[] };
      }>(query, { first });
      expect(messages.edges).toHaveLength(first);
      for (const { node } of messages.edges) expect(node.events.edges).not.toHaveLength(0);
    });

  it("50 messages with details take as many statements as 5, at most 4", async () => {
    const [few, many] = [await read(5), await read(50)];
    expect(askedMoreOften(many, few)).toEqual([]);
    expect(many.length, many.join("\n")).toBeLessThanOrEqual(4);
  });
});

describe("a constant number of statements", () => {
  it("sending 100 messages takes as many statements as sending 1", async () => {
    const few = await statementsOf((client) => sendMessages(client, 1));
    const many = await statementsOf((client) => sendMessages(client, 100));
    expect(askedMoreOften(many, few)).toEqual([]);
    expect(many.length, many.join("\n")).toBeLessThanOrEqual(5);
  });

  it("reading more providers with their balances takes no more statements", async () => {
    const query = "{ providers { id name capabilities { flash } balance { amount { amount } fetchedAt } } }";
    const read = await statementsOf(async (client) => {
      const { providers } = await client.data<{ providers: { balance: unknown }[] }>(query);
      expect(providers).toHaveLength(sandboxes.length);
      for (const { balance } of providers) expect(balance).not.toBeNull();
    });
    expect(read.length, read.join("\n")).toBeLessThanOrEqual(3);
  });

  it("finding 20 nodes takes as many statements as finding 2", async () => {
    const query = `query ($ids: [ID!]!) {
      nodes(ids: $ids) { id ... on Message { status provider { name } events { edges { node { status } } } } }
    }`;
    const read = (count: number) =>
      statementsOf(async (client) => {
        const ids = messageIds.slice(0, count);
        expect(await client.data(query, { ids })).toMatchObject({ nodes: ids.map((id) => ({ id })) });
      });
    const [few, many] = [await read(2), await read(20)];
    expect(askedMoreOften(many, few)).toEqual([]);
    expect(many.length).toBeLessThanOrEqual(4);
  });

  it("the messages of 30 events take as many statements as those of 3", async () => {
    const query = `query ($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Message { events { edges { node { message { id status } } } } } }
    }`;
    const read = (count: number) =>
      statementsOf((client) => client.data(query, { ids: messageIds.slice(0, count) }));
    const [few, many] = [await read(3), await read(30)];
    expect(askedMoreOften(many, few)).toEqual([]);
  });

  it("the attempts of 30 messages take as many statements as those of 3, each with its own in order", async () => {
    const providerIds = sandboxes.map(({ providerId }) => decodeId("Provider", providerId));
    const startedAt = new Date();
    const attempts = messageIds.flatMap((id, index) =>
      // The last first: it is the statement that puts them in order.
      [2, 1].map((number) => ({
        messageId: decodeId("Message", id),
        number,
        providerId: providerIds[(index + number) % providerIds.length] ?? "",
        startedAt,
        reason: `${number} of ${index}`,
      })),
    );
    await app.services.database.prisma.attempt.createMany({ data: attempts });
    const query = `query ($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Message { attempts { number reason provider { id } } } }
    }`;
    const read = (count: number) =>
      statementsOf(async (client) => {
        const { nodes } = await client.data<{ nodes: unknown[] }>(query, { ids: messageIds.slice(0, count) });
        expect(nodes).toEqual(
          Array.from({ length: count }, (_, index) => ({
            attempts: [1, 2].map((number) => ({
              number,
              reason: `${number} of ${index}`,
              provider: { id: sandboxes[(index + number) % sandboxes.length]?.providerId },
            })),
          })),
        );
      });
    const [few, many] = [await read(3), await read(30)];
    expect(askedMoreOften(many, few)).toEqual([]);
    expect(many.length, many.join("\n")).toBeLessThanOrEqual(4);
  });

  it("50 campaigns with counts, costs and refused rows take as many statements as 2", async () => {
    const recipients = [{ to: "+421901000000" }, { to: "nobody" }, { to: "nothing" }];
    const name = "Statements";
    for (let count = 0; count < 50; count++)
      expect(await createCampaign(app, { name, from: "smsgraph", recipients })).toMatchObject({
        refusedCount: 2,
      });
    const page = "edges { node { row code } }";
    const query = `query ($first: Int!) {
      campaigns(first: $first, filter: { name: "${name}" }) {
        edges { node {
          counts { total queued } estimatedCost { amount } cost { amount } estimatedCompletionAt provider { name }
          all: refusedRecipients { ${page} } first: refusedRecipients(first: 1) { ${page} }
          last: refusedRecipients(last: 1) { ${page} }
        } }
      }
    }`;
    const [bad, worse] = [2, 3].map((row) => ({ node: { row, code: "INVALID_PHONE_NUMBER" } }));
    const read = (first: number) =>
      statementsOf(async (client) => {
        const { campaigns } = await client.data<{ campaigns: { edges: { node: object }[] } }>(query, {
          first,
        });
        expect(campaigns.edges).toHaveLength(first);
        for (const { node } of campaigns.edges)
          expect(node).toMatchObject({
            counts: { total: 1, queued: 1 },
            all: { edges: [bad, worse] },
            first: { edges: [bad] },
            last: { edges: [worse] },
          });
      });
    const [few, many] = [await read(2), await read(50)];
    expect(askedMoreOften(many, few)).toEqual([]);
    expect(many.length, many.join("\n")).toBeLessThanOrEqual(8);
  });
});

describe("what many ask at the same time", () => {
  it("simultaneous reads of several accounts share one statement, and each account gets only its own rows", async () => {
    const { reads } = app.services;
    const stranger = await app.createAccount();
    const ids = messageIds.slice(0, 40).map((id) => decodeId("Message", id));
    const sent = await statementsOf(async () => {
      const [own, foreign] = await Promise.all([
        Promise.all(ids.map((id) => reads.message(app.accountId, id))),
        Promise.all(ids.map((id) => reads.message(stranger, id))),
      ]);
      expect(own.map((message) => message?.id)).toEqual(ids);
      expect(foreign.filter((message) => message !== null)).toEqual([]);
    });
    expect(sent.filter((text) => text.includes("asked.account_id"))).toHaveLength(1);
  });
});
