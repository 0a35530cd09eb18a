import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";

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

interface Try {
  recipient: string;
  id: string;
  startedAt: Date;
  finishedAt: Date | null;
}

it("messages to one recipient in one call are submitted one after the other, in the order given", async () => {
  const recipients = ["+421901000000", "+421901000001", "+421901000005"];
  const messages = Array.from({ length: 60 }, (_, index) => ({
    to: recipients[index % 3],
    text: index % 2 === 0 ? "first ".repeat(50) : "second",
  }));
  const { sendMessages } = await app.client.data<{ sendMessages: { results: { id: string }[] } }>(
    `mutation ($input: SendMessagesInput!) {
      sendMessages(input: $input) { ... on SendMessagesSuccess { results { ... on Message { id } } } }
    }`,
    { input: { messages } },
  );
  const given = sendMessages.results.map(({ id }) => decodeId("Message", id));
  const read = async (): Promise<Try[]> =>
    app.services.database.query<Try>(
      {
        name: "read_tries",
        text: `
          select m.recipient, m.id, a.started_at as "startedAt", a.finished_at as "finishedAt"
          from messages as m join attempts as a on a.message_id = m.id
          order by array_position($1::uuid[], m.id), a.number`,
      },
      [given],
    );
  await expect
    .poll(async () => (await read()).filter(({ finishedAt }) => finishedAt).length)
    .toBeGreaterThanOrEqual(60);
  for (const own of Map.groupBy(await read(), ({ recipient }) => recipient).values()) {
    for (const [index, { startedAt }] of own.entries()) {
      const before = own[index - 1]?.finishedAt ?? startedAt;
      expect(startedAt.getTime()).toBeGreaterThanOrEqual(before.getTime());
    }
  }
});
