import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { connectProvider } from "../../support/mutations.ts";
import {
  ends,
  pageArguments,
  pageOf,
  pageVariables,
  readAll,
  sendAll,
  toPage,
  type Connection,
  type Page,
} from "../../support/pages.ts";

async function messages(client: GraphqlClient, variables: object = {}): Promise<Page> {
  const data = await client.data<{ messages: Connection }>(
    `query (${pageVariables}, $filter: MessageFilter) { messages(${pageArguments}, filter: $filter) { ${pageOf("text")} } }`,
    { ...variables },
  );
  return toPage(data.messages);
}

/** Ids are made of the time of acceptance: a clock that moves on gives every message its own. */
function startTickingClock(start: Date) {
  let time = start.getTime();
  return { now: () => new Date(time), advance: (milliseconds: number) => void (time += milliseconds) };
}

let app: TestApp;
let providerId: string;
let otherProviderId: string;
const start = new Date("2026-01-31T08:00:00.000Z");
const clock = startTickingClock(start);
/** Newest first, as they are listed. */
const all = Array.from({ length: 25 }, (_, index) => `M${24 - index}`);

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, clock });
  providerId = await connectProvider(app.client, { defaultSender: "smsgraph", priority: 1 });
  otherProviderId = await connectProvider(app.client, { defaultSender: "smsgraph", priority: 2 });
  for (const [index, text] of all.toReversed().entries()) {
    const to = index % 5 === 0 ? "+380501234567" : "+421901000000";
    const provider = index % 4 === 0 ? otherProviderId : providerId;
    await sendAll(app.client, [{ text, to, providerId: provider, clientRef: `ref-${index % 2}` }]);
    clock.advance(1000);
  }
});

afterAll(() => app.stop());

describe("a page of messages", () => {
  it("a page of messages has 20 entries by default, newest first", async () => {
    const { nodes, pageInfo } = await messages(app.client);
    expect(nodes).toEqual(all.slice(0, 20));
    expect(pageInfo).toMatchObject(ends(false, true));
  });

  it.each([
    ["nothing", { first: 0 }, 0, 0, ends(false, true)],
    ["the first", { first: 1 }, 0, 1, ends(false, true)],
    ["all but one", { first: 24 }, 0, 24, ends(false, true)],
    ["exactly all", { first: 25 }, 0, 25, ends(false, false)],
    ["more than there are", { first: 100 }, 0, 25, ends(false, false)],
    ["nothing from the end", { last: 0 }, 25, 25, ends(true, false)],
    ["the last", { last: 1 }, 24, 25, ends(true, false)],
    ["exactly all from the end", { last: 25 }, 0, 25, ends(false, false)],
    ["more from the end than there are", { last: 100 }, 0, 25, ends(false, false)],
  ])("a page of messages has %s: %j", async (_, variables, from, until, expected) => {
    const { nodes, pageInfo } = await messages(app.client, variables);
    expect(nodes).toEqual(all.slice(from, until));
    expect(pageInfo).toMatchObject(expected);
  });

  it.each([1, 3, 5, 7, 24, 25])(
    "paging messages by %i, forwards or backwards, returns every message once",
    async (size) => {
      expect(await readAll("forwards", size, (page) => messages(app.client, page))).toEqual(all);
      expect(await readAll("backwards", size, (page) => messages(app.client, page))).toEqual(all);
    },
  );

  it("a page of messages between two cursors ends at the second one", async () => {
    const { pageInfo: early } = await messages(app.client, { first: 5 });
    const { pageInfo: late } = await messages(app.client, { last: 5 });
    const between = { after: early.endCursor, before: late.startCursor };
    expect((await messages(app.client, { ...between, first: 100 })).nodes).toEqual(all.slice(5, 20));
    expect((await messages(app.client, { ...between, first: 2 })).nodes).toEqual(all.slice(5, 7));
    expect((await messages(app.client, { ...between, last: 2 })).nodes).toEqual(all.slice(18, 20));
    const crossed = { after: late.endCursor, before: early.startCursor, first: 5 };
    expect((await messages(app.client, crossed)).nodes).toEqual([]);
  });

  it("a page after the last message is empty and has no cursors", async () => {
    const { pageInfo } = await messages(app.client, { last: 1 });
    const beyond = await messages(app.client, { first: 5, after: pageInfo.endCursor });
    expect(beyond).toEqual({
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    });
  });

  it("another account sees no messages, with any cursors, ids or filters", async () => {
    const other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const { pageInfo } = await messages(app.client, { first: 1 });
    const filters = [{}, { providerId }, { clientRef: "ref-0" }, { to: "+380501234567" }];
    for (const filter of filters) expect((await messages(other, { filter })).nodes).toEqual([]);
    expect((await messages(other, { after: pageInfo.endCursor })).nodes).toEqual([]);
    const [id = ""] = await sendAll(app.client, [{ text: "secret" }]);
    const { nodes, node, message, provider } = await other.data<Record<string, unknown>>(
      `query ($id: ID!, $provider: ID!) {
        nodes(ids: [$id, $provider]) { id }
        node(id: $id) { id }
        message(id: $id) { id }
        provider(id: $provider) { id }
      }`,
      { id, provider: providerId },
    );
    expect({ nodes, node, message, provider }).toEqual({
      nodes: [null, null],
      node: null,
      message: null,
      provider: null,
    });
    await app.services.database.prisma.messageEvent.deleteMany({
      where: { messageId: decodeId("Message", id) },
    });
    await app.services.database.prisma.message.deleteMany({ where: { text: "secret" } });
  });
});

const having = async (filter: object, more: object = {}): Promise<string[]> =>
  (await messages(app.client, { first: 100, filter, ...more })).nodes;

const where = (keep: (index: number) => boolean): string[] =>
  all.filter((text) => keep(Number(text.slice(1))));

const second = (count: number, more = 0): string =>
  new Date(start.getTime() + count * 1000 + more).toISOString();

describe("a filter keeps only messages", () => {
  it.each(["+380501234567", "00380 50 123 45 67", "+380 (50) 123-45-67"])(
    "a filter finds messages by the recipient %s",
    async (to) => {
      expect(await having({ to })).toEqual(where((index) => index % 5 === 0));
    },
  );

  it("a filter finds messages of a provider, as does the provider's own list, in both directions", async () => {
    const expected = where((index) => index % 4 === 0);
    expect(await having({ providerId: otherProviderId })).toEqual(expected);
    const list = async (variables: object): Promise<Page> => {
      const { provider } = await app.client.data<{ provider: { messages: Connection } }>(
        `query ($id: ID!, ${pageVariables}) { provider(id: $id) { messages(${pageArguments}) { ${pageOf("text")} } } }`,
        { id: otherProviderId, ...variables },
      );
      return toPage(provider.messages);
    };
    const first = await list({ first: 3 });
    expect(first).toMatchObject({ nodes: expected.slice(0, 3), pageInfo: ends(false, true) });
    const rest = await list({ first: 100, after: first.pageInfo.endCursor });
    expect(rest).toMatchObject({ nodes: expected.slice(3), pageInfo: ends(true, false) });
    expect((await list({ last: 2 })).nodes).toEqual(expected.slice(-2));
  });

  it("a filter finds messages by their reference", async () => {
    expect(await having({ clientRef: "ref-1" })).toEqual(where((index) => index % 2 === 1));
    expect(await having({ clientRef: "ref" })).toEqual([]);
    expect(await having({ clientRef: "%" })).toEqual([]);
    const { message } = await app.client.data<{ message: { text: string } }>(
      '{ message(clientRef: "ref-1") { text } }',
    );
    expect(message.text).toBe("M23");
  });

  it("a filter finds messages of a time range, including its start and excluding its end", async () => {
    expect(await having({ created: { from: second(3), until: second(6) } })).toEqual(["M5", "M4", "M3"]);
    expect(await having({ created: { from: second(3, 1), until: second(6, 1) } })).toEqual([
      "M6",
      "M5",
      "M4",
    ]);
    expect(await having({ created: { from: second(23) } })).toEqual(["M24", "M23"]);
    expect(await having({ created: { until: second(2) } })).toEqual(["M1", "M0"]);
    expect(await having({ created: {} })).toEqual(all);
    expect(await having({ created: { from: second(6), until: second(3) } })).toEqual([]);
    const everything = { from: "0001-01-01T00:00:00Z", until: "9999-12-31T23:59:59.999Z" };
    expect(await having({ created: everything })).toEqual(all);
    const offset = { from: second(23).replace("Z", "+00:00").replace("08:", "10:").replace("+00", "+02") };
    expect(await having({ created: offset })).toEqual(["M24", "M23"]);
  });

  it("a filter finds messages in one status or in several", async () => {
    const rows = await app.services.database.prisma.message.findMany({
      where: { text: { in: ["M3", "M4", "M5"] } },
    });
    const change = { source: "CALLBACK", receivedAt: start } as const;
    const statuses = { M3: "SENT", M4: "DELIVERED", M5: "DELIVERED" } as const;
    await app.services.database.transaction((transaction) =>
      applyChanges(
        transaction,
        rows.map(({ id, text }) => ({
          ...change,
          messageId: id,
          status: statuses[text as keyof typeof statuses],
        })),
      ),
    );
    expect(await having({ status: ["DELIVERED"] })).toEqual(["M5", "M4"]);
    expect(await having({ status: ["DELIVERED", "SENT"] })).toEqual(["M5", "M4", "M3"]);
    expect(await having({ status: ["DELIVERED", "DELIVERED"] }, { first: 1 })).toEqual(["M5"]);
    expect(await having({ status: [] })).toEqual([]);
    expect(await having({ status: ["QUEUED"] })).toHaveLength(22);
  });

  it("a filter returns only messages that match all its conditions", async () => {
    const filter = {
      to: "+380501234567",
      providerId: otherProviderId,
      clientRef: "ref-0",
      status: ["QUEUED"],
    };
    expect(await having(filter)).toEqual(["M20", "M0"]);
    expect(
      await having({ to: null, providerId: null, clientRef: null, status: null, created: null }),
    ).toEqual(all);
  });

  it("filtered messages can be paged, and a cursor works with another filter", async () => {
    const filter = { clientRef: "ref-0" };
    const first = await messages(app.client, { first: 4, filter });
    expect(first).toMatchObject({ nodes: ["M24", "M22", "M20", "M18"], pageInfo: ends(false, true) });
    const next = await messages(app.client, {
      first: 2,
      after: first.pageInfo.endCursor,
      filter: { clientRef: "ref-1" },
    });
    expect(next.nodes).toEqual(["M17", "M15"]);
  });
});

describe("while messages are being added", () => {
  it.each([
    ["forwards", "first", "after", "endCursor"],
    ["backwards", "last", "before", "startCursor"],
  ] as const)(
    "paging %s misses nothing that was there before, and shows nothing twice",
    async (_, size, side, cursor) => {
      const live = await startTestApp({ runsWorker: false });
      onTestFinished(() => live.stop());
      await connectProvider(live.client, { defaultSender: "smsgraph" });
      const before = Array.from({ length: 120 }, (_value, index) => `before ${index}`);
      await sendAll(
        live.client,
        before.map((text) => ({ text })),
      );

      const paging = new AbortController();
      const adding = Array.from({ length: 3 }, async () => {
        while (!paging.signal.aborted) {
          await sendAll(
            live.client,
            Array.from({ length: 5 }, () => ({ text: "during" })),
          );
        }
      });
      const seen: { id: string; text?: string }[] = [];
      let position: string | null = null;
      do {
        const data: { messages: Connection } = await live.client.data<{ messages: Connection }>(
          `query (${pageVariables}) { messages(${pageArguments}) { ${pageOf("text")} } }`,
          { [size]: 7, [side]: position },
        );
        const { edges, pageInfo } = data.messages;
        seen.push(...edges.map(({ node }) => node));
        const goesOn = size === "first" ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
        // Backwards, what is being added never ends: the messages of before come first.
        const isDone = size === "last" && seen.length >= before.length;
        position = goesOn && !isDone ? pageInfo[cursor] : null;
      } while (position !== null);
      paging.abort();
      await Promise.all(adding);

      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
      const found = seen.flatMap(({ text }) => (text?.startsWith("before") ? [text] : []));
      expect(found.toSorted()).toEqual(before.toSorted());
    },
  );
});
