import { afterAll, beforeAll, expect, it } from "vitest";
import { clearOldEvents } from "../../../src/messages/log/retention.ts";
import { decodeId } from "../../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { GraphqlClient, takeUntil } from "../../support/graphql-client.ts";
import {
  frameOf,
  loggedIds,
  logId,
  move,
  nextFrame,
  openStream,
  sendAll,
  takeEvents,
  watchEvents,
} from "../../support/live.ts";
import { eventually } from "../../support/process.ts";

const days = 30;
const dayMs = 86_400_000;

/** A process that accepts and moves, and one that was started later and has nothing in memory. */
let app: TestApp;
let late: TestApp;
let reader: GraphqlClient;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await reader.close();
  await late.stop();
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

const clearAway = (): Promise<void> => clearOldEvents(app.services.database, days);

/**
 * Clears until so many events of a message are left. The log is cleared only up to the oldest transaction of
 * the whole server, and a test file beside this one may have one open for a while.
 */
const clearUntil = async (id: string, left: number): Promise<void> =>
  await eventually(async () => {
    await clearAway();
    return (await timelineOf(id)) === left;
  });

async function makeOld(globalIds: readonly string[]): Promise<void> {
  const receivedAt = new Date(app.services.clock.now().getTime() - (days + 1) * dayMs);
  await app.services.database.prisma.messageEvent.updateMany({
    where: { messageId: { in: globalIds.map((id) => decodeId("Message", id)) } },
    data: { receivedAt },
  });
}

const timelineOf = async (id: string): Promise<number> =>
  await app.services.database.prisma.messageEvent.count({ where: { messageId: decodeId("Message", id) } });

it("a cursor older than the log is reset and the stream continues; a newer cursor misses nothing", async () => {
  const { ids, cursor: oldCursor } = await sendAll(app, [{}, {}, {}]);
  const [done = "", waiting = "", young = ""] = ids;
  await move(app, [done], ["SUBMITTED", "DELIVERED"]);
  await makeOld([done, waiting]);
  const shown = await openStream(app.client, { after: undefined });
  const { cursor: youngCursor } = await sendAll(app, [{ clientRef: "young" }]);
  await takeEvents(shown, 1);
  await shown.return?.();
  // The third message was accepted before these events, and is young: all from it on is kept.
  await clearUntil(done, 2);
  expect(await timelineOf(waiting)).toBe(1);
  expect(await timelineOf(young)).toBe(1);
  const floor = await app.services.database.prisma.eventLogFloor.findUniqueOrThrow({ where: { id: 1 } });
  expect(floor.tx).toBeGreaterThan(0n);

  const { databaseUrl, secretKey } = app;
  late = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
  reader = new GraphqlClient(late.url, app.key);
  const frames = watchEvents(reader, { after: oldCursor });
  expect(await nextFrame(frames)).toMatchObject({ __typename: "StreamReset", reason: "EXPIRED" });
  const caughtUp = await nextFrame(frames);
  expect(caughtUp.__typename).toBe("CaughtUp");
  await move(app, [young], ["SENT"]);
  expect(await takeEvents(frames, 1)).toMatchObject([{ status: "SENT", message: { id: young } }]);
  await frames.return?.();

  const resumed = watchEvents(reader, { after: youngCursor });
  const replayed = await takeUntil(resumed, (result) => frameOf(result).__typename === "CaughtUp");
  const seen = replayed.flatMap((result) => frameOf(result).events ?? []).map(logId);
  expect(seen).toEqual((await loggedIds(app)).slice(-seen.length));
  expect(replayed.map((result) => frameOf(result).__typename)).not.toContain("StreamReset");
});

it("old events of finished messages are deleted in order, those of unfinished ones are kept", async () => {
  const { ids } = await sendAll(app, [{}, {}]);
  const [done = "", waiting = ""] = ids;
  await move(app, [done], ["SUBMITTED", "DELIVERED"]);
  const settled = await openStream(app.client);
  await settled.return?.();
  await makeOld(ids);
  await app.services.database.prisma.messageEvent.updateMany({
    data: { receivedAt: new Date(app.services.clock.now().getTime() - (days + 1) * dayMs) },
  });
  await clearUntil(done, 0);
  expect(await timelineOf(waiting)).toBe(1);
  await move(app, [waiting], ["SUBMITTED", "DELIVERED"]);
  // What is old of it goes now that it is done; what is young stays.
  await clearUntil(waiting, 2);
  expect(await timelineOf(waiting)).toBe(2);
});
