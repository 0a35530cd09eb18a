import { expect, it, onTestFinished } from "vitest";
import { Deployment } from "../support/deployment.ts";
import { eventually, type SmsgraphProcess } from "../support/process.ts";

const patience = 300_000;

async function deploy(): Promise<{ deployment: Deployment; app: SmsgraphProcess }> {
  const deployment = await Deployment.create();
  onTestFinished(() => deployment.close());
  const app = await deployment.start("all");
  await deployment.connect();
  return { deployment, app };
}

const gate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

/** Asks to stop, and waits until that was heard. */
async function askToStop(app: SmsgraphProcess): Promise<void> {
  app.child.kill("SIGTERM");
  await eventually(() => app.output().includes("stopping"));
}

const isRefused = ({ client }: Deployment): Promise<boolean> =>
  fetch(`${client.url}/healthz`, { headers: { connection: "close" } }).then(
    () => false,
    (error: Error) => String(error.cause).includes("ECONNREFUSED"),
  );

it("a stop finishes running work and takes nothing new", { timeout: patience }, async () => {
  const { deployment, app } = await deploy();
  const before = gate();
  deployment.double.plan = () => ({ before: before.promise });
  const submitting = await deployment.send("421901000100");
  await eventually(() => deployment.double.requests.length === 1);
  await deployment.database.query("begin; lock table idempotency_keys in exclusive mode");
  const request = deployment.send("421901000101", "held");
  await eventually(async () => (await deployment.waiting()) === 1);

  await askToStop(app);
  await eventually(() => isRefused(deployment));
  await deployment.database.query("rollback");
  const queued = await request;
  before.resolve();
  expect(await app.ended).toEqual({ code: 0, signal: null });
  expect(await deployment.statusOf(submitting)).toBe("SUBMITTED");
  expect(await deployment.statusOf(queued)).toBe("QUEUED");

  await deployment.start("all");
  for (const id of [submitting, queued]) {
    await eventually(async () => (await deployment.statusOf(id)) === "DELIVERED");
  }
  expect(deployment.double.requests.map(({ reference }) => reference)).toEqual([submitting, queued]);
});

it("a stop stores a running callback and answers it", { timeout: patience }, async () => {
  const { deployment, app } = await deploy();
  const report = gate();
  deployment.double.plan = () => ({ report: report.promise });
  const id = await deployment.send("421901000102");
  await eventually(async () => (await deployment.statusOf(id)) === "SUBMITTED");
  await deployment.database.query("begin");
  await deployment.database.query("select 1 from messages where id = $1 for update", [id]);
  report.resolve();
  await eventually(async () => (await deployment.waiting()) === 1);
  await askToStop(app);
  await deployment.database.query("rollback");
  expect(await app.ended).toEqual({ code: 0, signal: null });
  expect(deployment.double.callbacks[0]).toMatchObject({ status: "SENT", answer: 200 });
  const taken = deployment.double.callbacks.filter(({ answer }) => answer === 200);
  const stored = (await deployment.timeline(id)).filter(({ source }) => source === "CALLBACK");
  expect(stored.map(({ providerStatus }) => providerStatus)).toEqual(taken.map(({ status }) => status));
});

it(
  "a stop breaks off subscriptions over WebSocket and SSE without completing them",
  { timeout: patience },
  async () => {
    const { deployment, app } = await deploy();
    const { client } = deployment;
    const query = "subscription { messageEvents { __typename } }";
    const socket = client.subscribe(query);
    await socket.next();
    const stream = await fetch(`${client.url}/graphql`, {
      method: "POST",
      headers: { ...client.headers, "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ query }),
    });
    app.child.kill("SIGTERM");
    await expect(socket.next()).rejects.toMatchObject({ code: 1001 });
    expect(await stream.text()).not.toContain("event: complete");
    expect(await app.ended).toEqual({ code: 0, signal: null });
  },
);

it("a second signal ends the process at once", { timeout: patience }, async () => {
  const { deployment, app } = await deploy();
  deployment.double.plan = () => ({ outcome: "hang", report: "never" });
  await deployment.send("421901000103");
  await eventually(() => deployment.double.requests.length === 1);
  await askToStop(app);
  // Two signals in half a second count as one.
  await eventually(() => app.child.exitCode !== null || !app.child.kill("SIGTERM"));
  expect(await app.ended).toEqual({ code: 1, signal: null });
});
