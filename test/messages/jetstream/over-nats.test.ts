import { expect, it, onTestFinished } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { connectTestSandbox, startTestApp } from "../../support/app.ts";
import { createTestDatabase } from "../../support/database.ts";
import { hasNatsServer } from "../../support/has-nats-server.ts";
import {
  loggedIds,
  logId,
  move,
  nextFrame,
  openStream,
  sendAll,
  takeEvents,
  watchEvents,
} from "../../support/live.ts";
import { startRelay } from "../../support/live-tier.ts";
import { NatsCluster } from "../../support/nats.ts";
import { eventually } from "../../support/process.ts";

it.runIf(hasNatsServer)(
  "while NATS carries the events an API process reads none of them from PostgreSQL; when it is away it does, and cursors go on",
  async () => {
    const cluster = await NatsCluster.start();
    onTestFinished(() => cluster.close());
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const nats = cluster.settings();
    const relay = await startRelay(database.url, nats);
    onTestFinished(() => relay.stop());
    const statements: string[] = [];
    const onStatement = (text: string): void => void statements.push(text);
    const app = await startTestApp({ databaseUrl: database.url, runsWorker: false, nats, onStatement });
    onTestFinished(() => app.stop());
    onTestFinished(() => app.client.close());
    const { sandbox } = await connectTestSandbox(app);
    onTestFinished(() => sandbox.close());
    const { ids, cursor } = await sendAll(app, [{}, {}, {}]);
    const frames = await openStream(app.client);
    const ready = async (): Promise<string> => (await fetch(`${app.url}/readyz`)).text();
    expect(await ready()).toContain("ready; events come from NATS");

    statements.length = 0;
    await move(app, ids, ["SUBMITTED", "SENT"]);
    await takeEvents(frames, 6);
    await move(app, ids, ["DELIVERED"]);
    const delivered = await takeEvents(frames, 3);
    const reading = statements.filter((text) => /from message_events|pg_snapshot_xmin/.test(text));
    // A subscription that has just begun may not be known to the servers yet.
    expect(reading.length).toBeLessThanOrEqual(1);
    expect(delivered.map(logId)).toEqual((await loggedIds(app)).slice(-3));

    await cluster.kill(0);
    await eventually(async () => (await ready()).includes("events come from PostgreSQL"));
    const { ids: later } = await sendAll(app, [{}, {}]);
    await takeEvents(frames, 2);
    await cluster.start(0);
    await eventually(async () => (await ready()).includes("events come from NATS"));
    await move(app, later, ["SUBMITTED"]);
    await takeEvents(frames, 2);
    await frames.return?.();

    const again = watchEvents(app.client, { after: cursor });
    const logged = await loggedIds(app);
    expect((await takeEvents(again, logged.length)).map(logId)).toEqual(logged);
    expect((await nextFrame(again)).__typename).toBe("CaughtUp");
    await again.return?.();
  },
);

it.runIf(hasNatsServer)(
  "a subscriber that resumes gets no words of a person who was erased, and each event once",
  async () => {
    const cluster = await NatsCluster.start();
    onTestFinished(() => cluster.close());
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const nats = cluster.settings();
    const relay = await startRelay(database.url, nats);
    onTestFinished(() => relay.stop());
    const app = await startTestApp({ databaseUrl: database.url, runsWorker: false, nats });
    onTestFinished(() => app.stop());
    onTestFinished(() => app.client.close());
    const { sandbox } = await connectTestSandbox(app);
    onTestFinished(() => sandbox.close());
    await eventually(() => relay.isLeading());
    // The stream has to begin before what is resumed from, or it would not be read.
    await sendAll(app, [{}]);
    const { ids, cursor } = await sendAll(app, [{ to: "+421909888001" }, { to: "+421909888002" }]);
    const live = await openStream(app.client);
    const failure = {
      code: "invalid_number",
      text: "Eva Secretova is on our list",
      permanent: true,
    } as const;
    const messageId = decodeId("Message", ids[0] ?? "");
    const change = { messageId, status: "REJECTED", source: "DISPATCH", receivedAt: new Date() } as const;
    await app.services.database.transaction((transaction) =>
      applyChanges(transaction, [{ ...change, failure }]),
    );
    await takeEvents(live, 1);
    const resumed = async (): Promise<{ id: string; text?: string | undefined }[]> => {
      const frames = app.client.subscribe<{
        messageEvents: { events?: { id: string; failure: { text: string } | null }[] };
      }>(
        `subscription ($after: Cursor) { messageEvents(after: $after) {
          ... on MessageEventBatch { events { id failure { text } } } ... on CaughtUp { cursor }
        } }`,
        { after: cursor },
      );
      const found: { id: string; text?: string | undefined }[] = [];
      for await (const { data } of frames) {
        if (!data?.messageEvents.events) break;
        found.push(...data.messageEvents.events.map(({ id, failure: told }) => ({ id, text: told?.text })));
      }
      return found;
    };
    const before = await resumed();
    expect(before.map(({ text }) => text)).toContain("Eva Secretova is on our list");
    await app.client.data(
      `mutation { eraseRecipient(number: "+421909888001") { ... on ErasedRecipient { messages } } }`,
    );
    const after = await resumed();
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(JSON.stringify(after)).not.toContain("Secretova");
    await move(app, ids.slice(1), ["SUBMITTED"]);
    await takeEvents(live, 1);
    await live.return?.();
  },
);
