import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { takeUntil, type GraphqlResult } from "../../support/graphql-client.ts";

interface Line {
  status: string;
  source: string;
  applied: boolean;
  ignoredReason: string | null;
}

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp();
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

async function send(suffix: string, text = "Hello"): Promise<string> {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { code message } } }`,
    { input: { to: `+421901000${suffix}`, text } },
  );
  return sendMessage.id;
}

type Change = GraphqlResult<{ messageChanged: { status: string; version: number } }>;

const statusOf = (change: Change): string | undefined => change.data?.messageChanged.status;

async function watch(id: string, last: string): Promise<Change[]> {
  const changes = app.client.subscribe<{ messageChanged: { status: string; version: number } }>(
    "subscription ($id: ID!) { messageChanged(id: $id) { status version } }",
    { id },
  );
  const seen = await takeUntil(changes, (change) => statusOf(change) === last);
  expect(seen.map(statusOf)).toContain(last);
  return seen;
}

async function timeline(id: string): Promise<Line[]> {
  const { message } = await app.client.data<{ message: { events: { edges: { node: Line }[] } } }>(
    "query ($id: ID!) { message(id: $id) { events(first: 50) { edges { node { status source applied ignoredReason } } } } }",
    { id },
  );
  return message.events.edges.map(({ node }) => node);
}

describe("sandbox scenarios", () => {
  it.each([
    ["000", "DELIVERED"],
    ["001", "UNDELIVERED"],
    ["002", "EXPIRED"],
    ["003", "REJECTED"],
    ["004", "UNKNOWN"],
    ["005", "SUBMITTED"],
    ["006", "DELIVERED"],
    ["007", "DELIVERED"],
    ["008", "DELIVERED"],
    ["010", "DELIVERED"],
    ["011", "OUTCOME_UNKNOWN"],
    ["012", "DELIVERED"],
    ["013", "REJECTED"],
    ["014", "REJECTED"],
    ["015", "DELIVERED"],
    ["016", "DELIVERED"],
    ["018", "REJECTED"],
    ["019", "DELIVERED"],
    ["022", "DELIVERED"],
    ["023", "DELIVERED"],
  ])("sandbox scenario %s ends as %s", async (suffix, status) => {
    const id = await send(suffix);
    const changes = await watch(id, status);
    const versions = changes.map((change) => change.data?.messageChanged.version ?? 0);
    expect(versions).toEqual(versions.map((_, index) => (versions[0] ?? 0) + index));
    expect(changes.map(statusOf).at(-1)).toBe(status);
  });

  it("the timeline shows every receipt, ignored ones with their reason", async () => {
    const id = await send("008");
    await watch(id, "DELIVERED");
    await expect
      .poll(() => timeline(id))
      .toContainEqual({
        status: "SENT",
        source: "CALLBACK",
        applied: false,
        ignoredReason: "ALREADY_FINAL",
      });
  });

  it("a sandbox message is delivered only when every part is", async () => {
    const id = await send("020", "x".repeat(400));
    await watch(id, "DELIVERED");
    const lines = await timeline(id);
    expect(lines.filter(({ ignoredReason }) => ignoredReason === "AWAITING_PARTS")).toHaveLength(2);
  });

  it("a sandbox message fails when one part fails", async () => {
    const id = await send("021", "x".repeat(400));
    await watch(id, "UNDELIVERED");
  });
});
