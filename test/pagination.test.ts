import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { decodeId, encodeId } from "../src/graphql/ids.ts";
import { applyChanges } from "../src/messages/transition.ts";
import { startTestApp, type TestApp } from "./support/app.ts";
import { GraphqlClient } from "./support/graphql-client.ts";

interface PageInfo {
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
}

interface Page {
  nodes: string[];
  pageInfo: PageInfo;
}

interface Connection {
  edges: { cursor: string; node: { id: string; text?: string; status?: string } }[];
  pageInfo: PageInfo;
}

const pageFields =
  "edges { cursor node { id text } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";
const pageArguments = "first: $first, after: $after, last: $last, before: $before";
const pageVariables = "$first: Int, $after: String, $last: Int, $before: String";

/** Text of each message, and the cursors checked against those of the edges. */
function toPage({ edges, pageInfo }: Connection): Page {
  expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null);
  expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
  return { nodes: edges.map(({ node }) => node.text ?? node.status ?? ""), pageInfo };
}

async function messages(client: GraphqlClient, variables: object = {}): Promise<Page> {
  const data = await client.data<{ messages: Connection }>(
    `query (${pageVariables}, $filter: MessageFilter) { messages(${pageArguments}, filter: $filter) { ${pageFields} } }`,
    { ...variables },
  );
  return toPage(data.messages);
}

async function connectProvider(client: GraphqlClient, priority = 100): Promise<string> {
  const { connectProvider: provider } = await client.data<{ connectProvider: { id: string } }>(
    `mutation ($priority: Int!) {
      connectProvider(input: { tikosms: { name: "T", apiToken: "t", defaultSender: "smsgraph", priority: $priority } }) {
        ... on Provider { id }
      }
    }`,
    { priority },
  );
  return provider.id;
}

async function send(client: GraphqlClient, inputs: object[]): Promise<string[]> {
  const { sendMessages } = await client.data<{ sendMessages: { results: { id: string }[] } }>(
    `mutation ($input: SendMessagesInput!) {
      sendMessages(input: $input) { ... on SendMessagesSuccess { results { ... on Message { id } } } }
    }`,
    { input: { messages: inputs.map((input) => ({ to: "+421901000000", text: "Hello", ...input })) } },
  );
  return sendMessages.results.map(({ id }) => id);
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
  providerId = await connectProvider(app.client, 1);
  otherProviderId = await connectProvider(app.client, 2);
  for (const [index, text] of all.toReversed().entries()) {
    const to = index % 5 === 0 ? "+380501234567" : "+421901000000";
    const provider = index % 4 === 0 ? otherProviderId : providerId;
    await send(app.client, [{ text, to, providerId: provider, clientRef: `ref-${index % 2}` }]);
    clock.advance(1000);
  }
});

afterAll(() => app.stop());

const info = (hasPreviousPage: boolean, hasNextPage: boolean) => ({ hasPreviousPage, hasNextPage });

describe("a page of messages", () => {
  it("has 20 when nothing is said, newest first", async () => {
    const { nodes, pageInfo } = await messages(app.client);
    expect(nodes).toEqual(all.slice(0, 20));
    expect(pageInfo).toMatchObject(info(false, true));
  });

  it.each([
    ["nothing", { first: 0 }, 0, 0, info(false, true)],
    ["the first", { first: 1 }, 0, 1, info(false, true)],
    ["all but one", { first: 24 }, 0, 24, info(false, true)],
    ["exactly all", { first: 25 }, 0, 25, info(false, false)],
    ["more than there are", { first: 100 }, 0, 25, info(false, false)],
    ["nothing from the end", { last: 0 }, 25, 25, info(true, false)],
    ["the last", { last: 1 }, 24, 25, info(true, false)],
    ["exactly all from the end", { last: 25 }, 0, 25, info(false, false)],
    ["more from the end than there are", { last: 100 }, 0, 25, info(false, false)],
  ])("has %s: %j", async (_, variables, from, until, expected) => {
    const { nodes, pageInfo } = await messages(app.client, variables);
    expect(nodes).toEqual(all.slice(from, until));
    expect(pageInfo).toMatchObject(expected);
  });

  it.each([1, 3, 5, 7, 24, 25])("of %i, followed forwards, gives every message once", async (first) => {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const { nodes, pageInfo }: Page = await messages(app.client, { first, after });
      expect(pageInfo.hasPreviousPage).toBe(seen.length > 0);
      seen.push(...nodes);
      expect(pageInfo.hasNextPage).toBe(seen.length < all.length);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);
    expect(seen).toEqual(all);
  });

  it.each([1, 3, 5, 7, 24, 25])("of %i, followed backwards, gives every message once", async (last) => {
    const seen: string[] = [];
    let before: string | null = null;
    do {
      const { nodes, pageInfo }: Page = await messages(app.client, { last, before });
      expect(pageInfo.hasNextPage).toBe(seen.length > 0);
      seen.unshift(...nodes);
      expect(pageInfo.hasPreviousPage).toBe(seen.length < all.length);
      before = pageInfo.hasPreviousPage ? pageInfo.startCursor : null;
    } while (before !== null);
    expect(seen).toEqual(all);
  });

  it("between two cursors ends at the other one", async () => {
    const { pageInfo: early } = await messages(app.client, { first: 5 });
    const { pageInfo: late } = await messages(app.client, { last: 5 });
    const between = { after: early.endCursor, before: late.startCursor };
    expect((await messages(app.client, { ...between, first: 100 })).nodes).toEqual(all.slice(5, 20));
    expect((await messages(app.client, { ...between, first: 2 })).nodes).toEqual(all.slice(5, 7));
    expect((await messages(app.client, { ...between, last: 2 })).nodes).toEqual(all.slice(18, 20));
    const crossed = { after: late.endCursor, before: early.startCursor, first: 5 };
    expect((await messages(app.client, crossed)).nodes).toEqual([]);
  });

  it("behind the last one is empty and has no cursors", async () => {
    const { pageInfo } = await messages(app.client, { last: 1 });
    const beyond = await messages(app.client, { first: 5, after: pageInfo.endCursor });
    expect(beyond).toEqual({
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    });
  });

  it("shows nothing of it to another account, with its cursors, its ids, or its filters", async () => {
    const other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const { pageInfo } = await messages(app.client, { first: 1 });
    const filters = [{}, { providerId }, { clientRef: "ref-0" }, { to: "+380501234567" }];
    for (const filter of filters) expect((await messages(other, { filter })).nodes).toEqual([]);
    expect((await messages(other, { after: pageInfo.endCursor })).nodes).toEqual([]);
    const [id] = await send(app.client, [{ text: "secret" }]);
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
    await app.services.database.prisma.messageEvent.deleteMany({ where: { message: { text: "secret" } } });
    await app.services.database.prisma.message.deleteMany({ where: { text: "secret" } });
  });
});

describe("a filter keeps only messages", () => {
  const having = async (filter: object, more: object = {}): Promise<string[]> =>
    (await messages(app.client, { first: 100, filter, ...more })).nodes;
  const where = (keep: (index: number) => boolean): string[] =>
    all.filter((text) => keep(Number(text.slice(1))));

  it.each(["+380501234567", "00380 50 123 45 67", "+380 (50) 123-45-67"])("to %s", async (to) => {
    expect(await having({ to })).toEqual(where((index) => index % 5 === 0));
  });

  it("of a provider, also from the provider's own list, both ways", async () => {
    const expected = where((index) => index % 4 === 0);
    expect(await having({ providerId: otherProviderId })).toEqual(expected);
    const list = async (variables: object): Promise<Page> => {
      const { provider } = await app.client.data<{ provider: { messages: Connection } }>(
        `query ($id: ID!, ${pageVariables}) { provider(id: $id) { messages(${pageArguments}) { ${pageFields} } } }`,
        { id: otherProviderId, ...variables },
      );
      return toPage(provider.messages);
    };
    const first = await list({ first: 3 });
    expect(first).toMatchObject({ nodes: expected.slice(0, 3), pageInfo: info(false, true) });
    const second = await list({ first: 100, after: first.pageInfo.endCursor });
    expect(second).toMatchObject({ nodes: expected.slice(3), pageInfo: info(true, false) });
    expect((await list({ last: 2 })).nodes).toEqual(expected.slice(-2));
  });

  it("with a reference", async () => {
    expect(await having({ clientRef: "ref-1" })).toEqual(where((index) => index % 2 === 1));
    expect(await having({ clientRef: "ref" })).toEqual([]);
    expect(await having({ clientRef: "%" })).toEqual([]);
    const { message } = await app.client.data<{ message: { text: string } }>(
      '{ message(clientRef: "ref-1") { text } }',
    );
    expect(message.text).toBe("M23");
  });

  it("accepted in a stretch of time: its start belongs to it, its end does not", async () => {
    const second = (count: number, more = 0): string =>
      new Date(start.getTime() + count * 1000 + more).toISOString();
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

  it("in a status, and in one of several", async () => {
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

  it("that satisfy everything given", async () => {
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

  it("page by page, with one page's cursor good for another filter", async () => {
    const filter = { clientRef: "ref-0" };
    const first = await messages(app.client, { first: 4, filter });
    expect(first).toMatchObject({ nodes: ["M24", "M22", "M20", "M18"], pageInfo: info(false, true) });
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
      await connectProvider(live.client);
      const before = Array.from({ length: 120 }, (_value, index) => `before ${index}`);
      await send(
        live.client,
        before.map((text) => ({ text })),
      );

      let isPaging = true;
      const adding = Array.from({ length: 3 }, async () => {
        while (isPaging)
          await send(
            live.client,
            Array.from({ length: 5 }, () => ({ text: "during" })),
          );
      });
      const seen: { id: string; text?: string }[] = [];
      let position: string | null = null;
      do {
        const data: { messages: Connection } = await live.client.data<{ messages: Connection }>(
          `query (${pageVariables}) { messages(${pageArguments}) { ${pageFields} } }`,
          { [size]: 7, [side]: position },
        );
        const { edges, pageInfo } = data.messages;
        seen.push(...edges.map(({ node }) => node));
        const goesOn = size === "first" ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
        position = goesOn ? pageInfo[cursor] : null;
        // Backwards, what is being added never ends: the messages of before come first.
        if (size === "last" && seen.length >= before.length) position = null;
      } while (position !== null);
      isPaging = false;
      await Promise.all(adding);

      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
      const found = seen.flatMap(({ text }) => (text?.startsWith("before") ? [text] : []));
      expect(found.toSorted()).toEqual(before.toSorted());
    },
  );
});

describe("a page of a timeline", () => {
  const statuses = ["QUEUED", "SENT", "SENT", "SENT", "UNKNOWN", "SENT", "DELIVERED", "DELIVERED"];
  let id: string;

  beforeAll(async () => {
    const owner = await startOwner();
    [id = ""] = await send(owner, [{}]);
    const change = { messageId: decodeId("Message", id), source: "CALLBACK", receivedAt: start } as const;
    const later = statuses.slice(1) as ("SENT" | "UNKNOWN" | "DELIVERED")[];
    await app.services.database.transaction((transaction) =>
      applyChanges(
        transaction,
        later.map((status) => ({ ...change, status })),
      ),
    );
    client = owner;
  });

  let client: GraphqlClient;

  async function startOwner(): Promise<GraphqlClient> {
    const owner = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    await connectProvider(owner);
    return owner;
  }

  async function timeline(variables: object = {}): Promise<Page> {
    const { message } = await client.data<{ message: { events: Connection } }>(
      `query ($id: ID!, ${pageVariables}) {
        message(id: $id) {
          events(${pageArguments}) {
            edges { cursor node { id status } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          }
        }
      }`,
      { id, ...variables },
    );
    return toPage(message.events);
  }

  it.each([
    ["everything when nothing is said", {}, 0, 8, info(false, false)],
    ["nothing", { first: 0 }, 0, 0, info(false, true)],
    ["the start", { first: 3 }, 0, 3, info(false, true)],
    ["exactly everything", { first: 8 }, 0, 8, info(false, false)],
    ["the end", { last: 3 }, 5, 8, info(true, false)],
    ["nothing from the end", { last: 0 }, 8, 8, info(true, false)],
    ["more than there is from the end", { last: 100 }, 0, 8, info(false, false)],
  ])("has %s: %j", async (_, variables, from, until, expected) => {
    const { nodes, pageInfo } = await timeline(variables);
    expect(nodes).toEqual(statuses.slice(from, until));
    expect(pageInfo).toMatchObject(expected);
  });

  it.each([1, 2, 3, 7])("of %i gives every event once, forwards and backwards", async (size) => {
    const forwards: string[] = [];
    let after: string | null = null;
    do {
      const { nodes, pageInfo }: Page = await timeline({ first: size, after });
      forwards.push(...nodes);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);
    const backwards: string[] = [];
    let before: string | null = null;
    do {
      const { nodes, pageInfo }: Page = await timeline({ last: size, before });
      backwards.unshift(...nodes);
      before = pageInfo.hasPreviousPage ? pageInfo.startCursor : null;
    } while (before !== null);
    expect([forwards, backwards]).toEqual([statuses, statuses]);
  });

  it("between two cursors ends at the other one", async () => {
    const [{ pageInfo: early }, { pageInfo: late }] = [
      await timeline({ first: 2 }),
      await timeline({ last: 2 }),
    ];
    const between = { after: early.endCursor, before: late.startCursor };
    expect((await timeline(between)).nodes).toEqual(statuses.slice(2, 6));
    expect((await timeline({ ...between, last: 1 })).nodes).toEqual(statuses.slice(5, 6));
  });

  it("is refused like any other page", async () => {
    const refusal = async (args: string): Promise<unknown> => {
      const { errors } = await client.send(
        `{ message(id: "${id}") { events(${args}) { edges { cursor } } } }`,
      );
      return errors?.[0]?.extensions?.code;
    };
    expect(await refusal("first: 101")).toBe("INVALID_INPUT");
    expect(await refusal("last: -1")).toBe("INVALID_INPUT");
    expect(await refusal('after: "zzz"')).toBe("INVALID_CURSOR");
    expect(await refusal(`before: "${btoa("-5")}"`)).toBe("INVALID_CURSOR");
    expect(await refusal(`after: "${btoa("1".repeat(19))}"`)).toBe("INVALID_CURSOR");
  });

  it("of many messages, each with a page of its own, is right for each", async () => {
    const ids = await send(client, [{ text: "one" }, { text: "two" }]);
    const query = `query ($ids: [ID!]!) {
      nodes(ids: $ids) {
        ... on Message {
          first: events(first: 1) { edges { node { message { id } status } } }
          last: events(last: 1) { edges { node { message { id } status } } }
        }
      }
    }`;
    type Ends = Record<"first" | "last", { edges: { node: { message: { id: string }; status: string } }[] }>;
    const { nodes } = await client.data<{ nodes: Ends[] }>(query, { ids: [...ids, id] });
    expect(nodes.map(({ first, last }) => [first, last].map(({ edges }) => edges[0]?.node))).toEqual([
      ...ids.map((own) => [
        { message: { id: own }, status: "QUEUED" },
        { message: { id: own }, status: "QUEUED" },
      ]),
      [
        { message: { id }, status: "QUEUED" },
        { message: { id }, status: "DELIVERED" },
      ],
    ]);
  });

  it("of another account's message cannot be reached through its events either", async () => {
    const { rows } = await app.services.database.pool.query<{ id: string }>(
      "select id from message_events where message_id = $1",
      [decodeId("Message", id)],
    );
    const ids = rows.map((row) => encodeId("MessageEvent", row.id));
    const { nodes } = await app.client.data<{ nodes: unknown[] }>(
      "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
      { ids },
    );
    expect(nodes).toEqual(ids.map(() => null));
    const own = await client.data<{ nodes: unknown[] }>("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {
      ids,
    });
    expect(own.nodes).toEqual(ids.map((event) => ({ id: event })));
  });
});
