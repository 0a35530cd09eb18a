import { expect, onTestFinished, test } from "vitest";
import { Deployment } from "../support/deployment.ts";
import { eventually } from "../support/process.ts";
import { startReportReceiver } from "../support/report-receiver.ts";

test("clients of served APIs are told everything, in the order of each message, while workers are killed", async () => {
  const deployment = await Deployment.create();
  onTestFinished(() => deployment.close());
  const receiver = await startReportReceiver();
  onTestFinished(() => receiver.close());
  await deployment.start("api");
  await deployment.connect();
  const workers = [await deployment.start("worker"), await deployment.start("worker")];
  const { client, database } = deployment;
  const ids: string[] = [];
  const send = async (number: number): Promise<void> => {
    const response = await fetch(`${client.url}/compat/tikosms/v1/message`, {
      method: "POST",
      headers: { ...client.headers, "content-type": "application/json" },
      body: JSON.stringify({
        from: "MySender",
        to: String(number),
        message: "Hello",
        callback_url: `${receiver.origin}/callback`,
      }),
    });
    ids.push(((await response.json()) as { message_id: string }).message_id);
  };
  const areSubmitted = async (): Promise<boolean> => {
    const unsent = "select 1 from messages where status in ('QUEUED', 'SUBMITTING') limit 1";
    return (await database.query(unsent)).rowCount === 0;
  };
  let number = 421_901_000_100;
  for (let round = 1; round <= 3; round++) {
    const before = receiver.received.length;
    const killed = Promise.withResolvers<number>();
    receiver.answer(() => (receiver.received.length - before <= 20 ? 200 : killed.promise));
    await Promise.all(Array.from({ length: 30 }, () => send(number++)));
    // In the middle of telling, not of sending: what became of a message that was being sent is told when it is known.
    await eventually(async () => receiver.received.length - before > 20 && (await areSubmitted()));
    await workers.shift()?.end("SIGKILL");
    killed.resolve(200);
    workers.push(await deployment.start("worker"));
  }
  for (const worker of workers) await worker.end("SIGKILL");
  // As when the leases of the dead have ended.
  await database.query("update compat_reports set due_at = now() where lease is not null");
  await deployment.start("worker");
  const toldOf = (id: string): string[] =>
    receiver.received.flatMap(({ json }) => {
      const [[event, { message_id: of }]] = Object.entries(json) as [[string, { message_id: string }]];
      return of === id ? [event] : [];
    });
  await eventually(() => ids.every((id) => toldOf(id).includes("update")));
  expect(new Set(ids).size).toBe(90);
  for (const id of ids) expect(toldOf(id).join(" ")).toMatch(/^create( create)* update( update)*$/);
  await eventually(async () => (await database.query("select 1 from compat_reports limit 1")).rowCount === 0);
});
