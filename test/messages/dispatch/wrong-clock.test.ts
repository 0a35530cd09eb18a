import { afterAll, beforeAll, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { eventually } from "../../support/process.ts";

/** A worker whose clock is an hour behind, beside a process whose clock is right. */

const hourMs = 60 * 60_000;
let app: TestApp;
let behind: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const { databaseUrl, secretKey } = app;
  behind = await startTestApp({
    databaseUrl,
    secretKey,
    clock: { now: () => new Date(Date.now() - hourMs) },
  });
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await behind.stop();
  await app.stop();
  await sandbox.close();
});

it("a worker whose clock is behind sends a scheduled message when the database says that it is time", async () => {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation ($at: DateTime) {
      sendMessage(input: { to: "+421901000000", text: "On time", scheduledAt: $at }) {
        ... on Message { id } ... on Error { code message }
      }
    }`,
    { at: new Date(Date.now() + 1_000).toISOString() },
  );
  expect(sendMessage).toEqual({ id: expect.any(String) });
  await eventually(() => sandbox.requests.some(({ body }) => body.includes("On time")));
});
