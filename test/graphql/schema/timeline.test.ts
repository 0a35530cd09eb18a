import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/lib/global-id.ts";
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

const statuses = ["QUEUED", "SENT", "SENT", "SENT", "UNKNOWN", "SENT", "DELIVERED", "DELIVERED"] as const;

let app: TestApp;
let client: GraphqlClient;
let other: GraphqlClient;
let id: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  client = app.client;
  other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
  await connectProvider(client, { defaultSender: "smsgraph" });
  [id = ""] = await sendAll(client, [{}]);
  const change = { messageId: decodeId("Message", id), source: "CALLBACK", receivedAt: new Date() } as const;
  await app.services.database.transaction((transaction) =>
    applyChanges(
      transaction,
      statuses.slice(1).map((status) => ({ ...change, status })),
    ),
  );
});

afterAll(() => app.stop());

async function timeline(variables: object = {}): Promise<Page> {
  const { message } = await client.data<{ message: { events: Connection } }>(
    `query ($id: ID!, ${pageVariables}) { message(id: $id) { events(${pageArguments}) { ${pageOf("status")} } } }`,
    { id, ...variables },
  );
  return toPage(message.events);
}

async function refusal(args: string): Promise<unknown> {
  const { errors } = await client.send(`{ message(id: "${id}") { events(${args}) { edges { cursor } } } }`);
  return errors?.[0]?.extensions?.code;
}

describe("a page of a timeline", () => {
  it.each([
    ["everything when nothing is said", {}, 0, 8, ends(false, false)],
    ["nothing", { first: 0 }, 0, 0, ends(false, true)],
    ["the start", { first: 3 }, 0, 3, ends(false, true)],
    ["exactly everything", { first: 8 }, 0, 8, ends(false, false)],
    ["the end", { last: 3 }, 5, 8, ends(true, false)],
    ["nothing from the end", { last: 0 }, 8, 8, ends(true, false)],
    ["more than there is from the end", { last: 100 }, 0, 8, ends(false, false)],
  ])("a timeline page has %s: %j", async (_, variables, from, until, expected) => {
    const { nodes, pageInfo } = await timeline(variables);
    expect(nodes).toEqual(statuses.slice(from, until));
    expect(pageInfo).toMatchObject(expected);
  });

  it.each([1, 2, 3, 7])(
    "paging a timeline by %i, forwards or backwards, returns every event once",
    async (size) => {
      expect(await readAll("forwards", size, timeline)).toEqual(statuses);
      expect(await readAll("backwards", size, timeline)).toEqual(statuses);
    },
  );

  it("a timeline page between two cursors ends at the second one", async () => {
    const [{ pageInfo: early }, { pageInfo: late }] = [
      await timeline({ first: 2 }),
      await timeline({ last: 2 }),
    ];
    const between = { after: early.endCursor, before: late.startCursor };
    expect((await timeline(between)).nodes).toEqual(statuses.slice(2, 6));
    expect((await timeline({ ...between, last: 1 })).nodes).toEqual(statuses.slice(5, 6));
  });

  it("a timeline refuses invalid page sizes and cursors like any other list", async () => {
    expect(await refusal("first: 101")).toBe("INVALID_INPUT");
    expect(await refusal("last: -1")).toBe("INVALID_INPUT");
    expect(await refusal('after: "zzz"')).toBe("INVALID_CURSOR");
    expect(await refusal(`before: "${btoa("-5")}"`)).toBe("INVALID_CURSOR");
    expect(await refusal(`after: "${btoa("1".repeat(19))}"`)).toBe("INVALID_CURSOR");
  });

  it("timelines of many messages in one query each return their own page", async () => {
    const ids = await sendAll(client, [{ text: "one" }, { text: "two" }]);
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

  it("the timeline of another account's message cannot be reached through its events", async () => {
    const { rows } = await app.services.database.pool.query<{ id: string }>(
      "select tx || '.' || id as id from message_events where message_id = $1",
      [decodeId("Message", id)],
    );
    const ids = rows.map((row) => encodeId("MessageEvent", row.id));
    const { nodes } = await other.data<{ nodes: unknown[] }>(
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
