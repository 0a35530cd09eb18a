import { EventSource } from "undici";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import {
  eventsSubscription as query,
  frameOf,
  loggedIds,
  logId,
  addLines,
  move,
  sendAll,
  type LiveFrame,
} from "../../support/live.ts";
import { subscribeWithIds } from "../../support/sse-client.ts";

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

const open = (variables: Record<string, unknown>, lastEventId?: string) =>
  subscribeWithIds<{ messageEvents: LiveFrame }>(
    app.client,
    { query, variables },
    { method: "GET", lastEventId },
  );

it("every SSE event has its cursor as id", async () => {
  const { ids, cursor } = await sendAll(app, [{}]);
  const stream = open({ after: cursor });
  const kinds: string[] = [];
  while (kinds.length < 2) {
    const next = await stream.next();
    if (next.done) throw new Error("The stream ended");
    const frame = frameOf(next.value.result);
    expect(next.value.id).toBe(frame.cursor);
    kinds.push(frame.__typename);
  }
  expect(kinds.toSorted()).toEqual(["CaughtUp", "MessageEventBatch"]);
  const live = stream.next();
  await move(app, ids, ["SENT"]);
  const { value } = await live;
  expect(value?.id).toBe(value && frameOf(value.result).cursor);
  await stream.return(undefined);
});

it("an SSE stream resumes after Last-Event-ID, whatever its URL says", async () => {
  const { ids, cursor: start } = await sendAll(app, [{}, {}]);
  const writing = new AbortController();
  const writer = (async () => {
    while (!writing.signal.aborted) await addLines(app, ids);
  })();
  const seen: string[] = [];
  let lastEventId: string | undefined;
  for (let connection = 0; connection < 10; connection++) {
    let frames = 0;
    for await (const { id, result } of open({ after: start }, lastEventId)) {
      lastEventId = id;
      seen.push(...(frameOf(result).events ?? []).map(logId));
      if (++frames === 4) break;
    }
  }
  writing.abort();
  await writer;
  const logged = await loggedIds(app);
  const from = logged.indexOf(seen[0] ?? "");
  expect(from).toBeGreaterThanOrEqual(0);
  expect(seen).toEqual(logged.slice(from, from + seen.length));
});

it("a Last-Event-ID that is not a cursor is refused", async () => {
  const results = await Array.fromAsync(open({}, "42"));
  expect(results).toMatchObject([
    { result: { errors: [{ extensions: { code: "INVALID_CURSOR", field: "Last-Event-ID" } }] } },
  ]);
});

it("an SSE stream that starts with the present state has no event ids", async () => {
  const { ids } = await sendAll(app, [{}]);
  const operation = {
    query: "subscription ($id: ID!) { messageChanged(id: $id) { version } }",
    variables: { id: ids[0] },
  };
  const stream = subscribeWithIds<unknown>(app.client, operation, { method: "GET" });
  expect(await stream.next()).toMatchObject({ value: { id: undefined, result: { data: {} } } });
  await stream.return(undefined);
});

/** Follows a stream with a real `EventSource`, and gives the data of the events it got. */
async function follow(messageId: string, document: string, variables: object, expiresInSeconds: number) {
  const { createWatchToken } = await app.client.data<{ createWatchToken: { token: string } }>(
    `mutation ($input: CreateWatchTokenInput!) {
      createWatchToken(input: $input) { ... on WatchToken { token } ... on Error { message } }
    }`,
    { input: { messageId, expiresInSeconds } },
  );
  const url = new URL("/graphql", app.url);
  url.searchParams.set("token", createWatchToken.token);
  url.searchParams.set("query", document);
  url.searchParams.set("variables", JSON.stringify(variables));
  const source = new EventSource(url);
  onTestFinished(() => source.close());
  const seen: string[] = [];
  source.addEventListener("next", (event) => seen.push((event as MessageEvent<string>).data));
  const isClosed = () =>
    vi.waitFor(() => expect(source.readyState).toBe(EventSource.CLOSED), { timeout: 120_000 });
  return { seen, isClosed, url };
}

describe("an EventSource", () => {
  const watch = "subscription ($id: ID!) { messageChanged(id: $id) { status } }";

  it.each([
    ["a cursor that is none", query, { after: "nonsense" }, "INVALID_CURSOR"],
    ["an unknown field", "subscription { nothing }", {}, "BAD_REQUEST"],
  ])("an EventSource that asks for %s ends after one error", async (_, document, variables, code) => {
    const { ids } = await sendAll(app, [{}]);
    const filtered = { filter: { messageIds: ids }, ...variables };
    const { seen, isClosed } = await follow(ids[0] ?? "", document, filtered, 600);
    await isClosed();
    expect(seen).toEqual([expect.stringContaining(code)]);
  });

  it("an EventSource that asks for what its token is not for is refused with a status that it does not retry", async () => {
    const { ids } = await sendAll(app, [{}]);
    const { seen, isClosed, url } = await follow(ids[0] ?? "", query, {}, 600);
    await isClosed();
    const refused = await fetch(url, { headers: { accept: "text/event-stream" } });
    expect({ seen, body: await refused.text(), status: refused.status }).toEqual({
      seen: [],
      body: expect.stringContaining("FORBIDDEN"),
      status: 403,
    });
  });

  it("an EventSource stops after the error that ended its stream", async () => {
    const { ids } = await sendAll(app, [{}]);
    const { seen, isClosed } = await follow(ids[0] ?? "", watch, { id: ids[0] }, 2);
    await isClosed();
    expect(seen).toEqual([expect.stringContaining("QUEUED"), expect.stringContaining("UNAUTHENTICATED")]);
  });
});
