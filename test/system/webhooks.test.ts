import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { Deployment } from "../support/deployment.ts";
import { eventually, freePort } from "../support/process.ts";
import { startWebhookReceiver, verify, type WebhookReceiver } from "../support/webhook-receiver.ts";
import { createWebhook, sendTestWebhook } from "../support/webhooks.ts";

async function deploy(): Promise<Deployment> {
  const deployment = await Deployment.create();
  onTestFinished(() => deployment.close());
  await deployment.start("api");
  await deployment.connect();
  return deployment;
}

interface Hook extends WebhookReceiver {
  secret: string;
}

async function hook({ client }: Deployment, batchSize: number): Promise<Hook> {
  const receiver = await startWebhookReceiver();
  onTestFinished(() => receiver.close());
  const { secret } = await createWebhook(client, { url: receiver.url, batchSize });
  return Object.assign(receiver, { secret });
}

const logOf = async ({ database }: Deployment): Promise<string[]> => {
  const { rows } = await database.query<{ id: string }>(
    "select e.tx || '.' || e.id as id from message_events as e order by e.tx, e.id",
  );
  return rows.map(({ id }) => id);
};

/** The events that a receiver took, each as its position in the log. */
const takenBy = (receiver: WebhookReceiver): string[] =>
  receiver.taken().map(({ id }) => decodeId("MessageEvent", id));

const takesAll = (receiver: WebhookReceiver, logged: readonly string[]): boolean =>
  new Set(logged).isSubsetOf(new Set(takenBy(receiver)));

/** Nothing waits to be sent any more. What comes later, such as a late receipt, is not waited for. */
async function isQuiet({ database }: Deployment): Promise<boolean> {
  const { rows } = await database.query(
    "select 1 from messages where status in ('QUEUED', 'SUBMITTING') limit 1",
  );
  return rows.length === 0;
}

test("webhooks lose no event, and get each message's in order, while their workers are killed", async () => {
  const deployment = await deploy();
  const workers = [await deployment.start("worker"), await deployment.start("worker")];
  const hooks = [await hook(deployment, 1), await hook(deployment, 1), await hook(deployment, 10)];
  let number = 421_901_000_100;
  for (let round = 0; round < 4; round++) {
    const sent = Array.from({ length: 12 }, () => deployment.send(String(number++)));
    await Promise.all(sent);
    const [victim] = workers.splice(0, 1);
    await victim?.end("SIGKILL");
    workers.push(await deployment.start("worker"));
  }
  let logged: string[] = [];
  await eventually(async () => {
    logged = await logOf(deployment);
    return (await isQuiet(deployment)) && hooks.every((one) => takesAll(one, logged));
  });
  expect(logged.length).toBeGreaterThanOrEqual(4 * 12 * 3);
  for (const one of hooks) {
    for (const request of one.requests) verify(one.secret, request);
    const taken = takenBy(one);
    // No event came twice under different ids.
    expect(taken).toHaveLength(new Set(taken).size);
    for (const events of Map.groupBy(one.taken(), ({ message }) => message.id).values()) {
      const ids = events.map(({ id }) => decodeId("MessageEvent", id));
      expect(ids.filter((id) => logged.includes(id))).toEqual(logged.filter((id) => ids.includes(id)));
    }
  }
});

test("two workers share the webhooks, each has one reader, and a stop hands them on without a repeat", async () => {
  const deployment = await deploy();
  const hooks: Hook[] = [];
  for (let count = 0; count < 4; count++) hooks.push(await hook(deployment, 1));
  const first = await deployment.start("worker");
  await deployment.start("worker");
  const shares = async (): Promise<number[]> => {
    const { rows } = await deployment.database.query<{ count: number }>(
      "select count(*)::int as count from webhooks where worker is not null group by worker",
    );
    return rows.map(({ count }) => count);
  };
  await eventually(async () => String(await shares()) === "2,2");
  let number = 421_901_000_300;
  for (let count = 0; count < 10; count++) await deployment.send(String(number++));
  await first.end("SIGTERM");
  await eventually(async () => String(await shares()) === "4");
  for (let count = 0; count < 5; count++) await deployment.send(String(number++));
  await eventually(async () => {
    const logged = await logOf(deployment);
    return (await isQuiet(deployment)) && hooks.every((one) => takesAll(one, logged));
  });
  for (const one of hooks) {
    const ids = one.requests.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(ids.length);
  }
});

test("the receiver of docs/webhooks.md runs as it stands", async () => {
  const deployment = await deploy();
  await deployment.start("worker");
  const port = await freePort();
  const { secret, webhook } = await createWebhook(deployment.client, { url: `http://127.0.0.1:${port}/sms` });
  // Within the project, so that it finds its library.
  const folder = resolve("test-results/webhook-receiver");
  await mkdir(folder, { recursive: true });
  const text = await readFile("docs/webhooks.md", "utf8");
  await writeFile(join(folder, "receiver.mjs"), /^```js\n(.+?)^```$/ms.exec(text)?.[1] ?? "");
  let output = "";
  const child = spawn(process.execPath, [join(folder, "receiver.mjs")], {
    env: { WEBHOOK_SECRET: secret, PORT: String(port) },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (printed: string) => (output += printed));
  await eventually(async () => (await sendTestWebhook(deployment.client, webhook.id)).delivered);
  await deployment.send("421901000001");
  await eventually(() => output.includes("SUBMITTED"));
  expect(output).toMatch(/QUEUED\n.* SUBMITTING\n/);
  const forged = await fetch(`http://127.0.0.1:${port}/sms`, { method: "POST", body: "{}" });
  expect(forged.status).toBe(401);
});
