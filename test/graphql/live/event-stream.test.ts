import { afterAll, beforeAll, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import {
  eventsSubscription as query,
  frameOf,
  loggedIds,
  logId,
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

it("gives each event its cursor as id", async () => {
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

it("goes on behind Last-Event-ID, whatever the URL says, for a client that knows nothing but the standard", async () => {
  const { ids, cursor: start } = await sendAll(app, [{}, {}]);
  const writing = new AbortController();
  const writer = (async () => {
    for (let round = 0; !writing.signal.aborted; round++)
      await move(app, ids, [round % 2 === 0 ? "SENT" : "SUBMITTED"]);
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

it("refuses a Last-Event-ID that is no cursor", async () => {
  const results = await Array.fromAsync(open({}, "42"));
  expect(results).toMatchObject([
    { result: { errors: [{ extensions: { code: "INVALID_CURSOR", field: "Last-Event-ID" } }] } },
  ]);
});

it("gives a stream of another kind no id, since it starts with the present state", async () => {
  const { ids } = await sendAll(app, [{}]);
  const operation = {
    query: "subscription ($id: ID!) { messageChanged(id: $id) { version } }",
    variables: { id: ids[0] },
  };
  const stream = subscribeWithIds<unknown>(app.client, operation, { method: "GET" });
  expect(await stream.next()).toMatchObject({ value: { id: undefined, result: { data: {} } } });
  await stream.return(undefined);
});
