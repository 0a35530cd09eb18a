import { expect, it, onTestFinished } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp } from "../../support/app.ts";

const send = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { ... on Message { id } ... on Error { code message } }
}`;

it("a validity period is held by us where the provider has none: what is late expires, and is never submitted", async () => {
  const app = await startTestApp({ runsWorker: false });
  onTestFinished(() => app.stop());
  const { sandbox } = await connectTestSandbox(app);
  onTestFinished(() => sandbox.close());
  const ids: string[] = [];
  for (const validityMinutes of [10, 10, 4_320]) {
    const input = { to: "+421901000000", text: `Code ${validityMinutes}`, validityMinutes };
    const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(send, { input });
    ids.push(sendMessage.id);
  }
  const { pool } = app.services.database;
  const late = ids.slice(0, 2).map((id) => decodeId("Message", id));
  await pool.query(
    "update messages set valid_until = now() - interval '1 second' where id = any ($1::uuid[])",
    [late],
  );
  const { databaseUrl, secretKey, url: publicUrl } = app;
  const worker = await startTestApp({ databaseUrl, secretKey, publicUrl, runsApi: false });
  onTestFinished(() => worker.stop());
  const statuses = async (): Promise<string[]> => {
    const { rows } = await pool.query<{ status: string }>(
      "select status from messages where id = any ($1::uuid[]) order by array_position($1::uuid[], id)",
      [ids.map((id) => decodeId("Message", id))],
    );
    return rows.map(({ status }) => status);
  };
  await expect.poll(statuses).toEqual(["EXPIRED", "EXPIRED", "DELIVERED"]);
  const texts = sandbox.requests.flatMap(({ path, body }) =>
    path === "/v1/message" ? [(JSON.parse(body) as { message: string }).message] : [],
  );
  expect(texts).toEqual(["Code 4320"]);
});
