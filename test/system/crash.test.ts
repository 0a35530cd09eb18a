import { describe, expect, it, type TestContext } from "vitest";
import { Gate } from "../../src/lib/gate.ts";
import { Deployment } from "../support/deployment.ts";
import { eventually } from "../support/process.ts";
import type { Plan, Request } from "../support/provider-double.ts";

/** Every test here starts processes, kills them, and waits for others to notice, after it waited for its turn. */
const patience = 600_000;

/** They wait for most of their time, but what they start costs a slow machine much at once. */
const places = new Gate(4);

async function deploy({ onTestFinished }: TestContext): Promise<Deployment> {
  const [begun, closed] = [Promise.withResolvers<Deployment>(), Promise.withResolvers<void>()];
  const holding = places.run(async () => {
    begun.resolve(await Deployment.create());
    await closed.promise;
  });
  holding.catch(begun.reject);
  const deployment = await begun.promise;
  onTestFinished(() => deployment.close().finally(closed.resolve));
  return deployment;
}

/** A promise that the test resolves. */
const gate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();

/** Does with each recipient what its plan says, and with the others nothing special. */
const byRecipient =
  (plans: Record<string, Plan>) =>
  ({ to }: Request): Plan =>
    plans[to] ?? {};

const requestsOf = ({ double }: Deployment, id: string): number =>
  double.requests.filter(({ reference }) => reference === id).length;

describe.concurrent("a killed process loses nothing and sends nothing twice", () => {
  it(
    "a process killed after a message was queued loses nothing and sends nothing twice",
    { timeout: patience },
    async (test) => {
      const deployment = await deploy(test);
      const api = await deployment.start("api");
      await deployment.connect();
      const id = await deployment.send("421901000100");
      await api.end("SIGKILL");
      await deployment.start("all");
      await eventually(async () => (await deployment.statusOf(id)) === "DELIVERED");
      expect(requestsOf(deployment, id)).toBe(1);
    },
  );

  it(
    "a process killed before the provider accepted the request loses nothing and sends nothing twice",
    { timeout: patience },
    async (test) => {
      const deployment = await deploy(test);
      const [first, never] = [gate(), gate()];
      deployment.double.plan = byRecipient({
        "421901000101": { before: first.promise },
        "421901000102": { before: never.promise },
      });
      const killed = await deployment.start("all");
      await deployment.connect();
      const ids = [await deployment.send("421901000101"), await deployment.send("421901000102")] as const;
      await eventually(() => deployment.double.requests.length === 2);
      expect(await deployment.statusOf(ids[0])).toBe("SUBMITTING");
      await killed.end("SIGKILL");
      await deployment.start("all");
      await eventually(async () => (await deployment.statusOf(ids[1])) === "OUTCOME_UNKNOWN");
      // The provider had read the request, and takes it long after we are gone.
      first.resolve();
      await eventually(async () => (await deployment.statusOf(ids[0])) === "DELIVERED");
      expect(await deployment.statusOf(ids[1])).toBe("OUTCOME_UNKNOWN");
      expect(ids.map((id) => requestsOf(deployment, id))).toEqual([1, 1]);
    },
  );

  it("a message whose job was lost in a crash is still handled", { timeout: patience }, async (test) => {
    const deployment = await deploy(test);
    const before = gate();
    deployment.double.plan = () => ({ before: before.promise });
    const killed = await deployment.start("all");
    await deployment.connect();
    const id = await deployment.send("421901000110");
    await eventually(() => deployment.double.requests.length === 1);
    await killed.end("SIGKILL");
    await deployment.database.query("delete from graphile_worker._private_jobs");
    const { rowCount } = await deployment.database.query(
      "update message_checks set at = now() where at > now() and message_id = $1",
      [id],
    );
    expect(rowCount).toBe(1);
    await deployment.start("all");
    await eventually(async () => (await deployment.statusOf(id)) === "OUTCOME_UNKNOWN");
    before.resolve();
    await eventually(async () => (await deployment.statusOf(id)) === "DELIVERED");
    expect(requestsOf(deployment, id)).toBe(1);
  });

  it(
    "a process killed before the provider's answer sends nothing twice",
    { timeout: patience },
    async (test) => {
      const deployment = await deploy(test);
      const report = gate();
      deployment.double.plan = byRecipient({
        "421901000103": { outcome: "hang", report: report.promise },
        "421901000104": { outcome: "hang", report: "never" },
      });
      const killed = await deployment.start("all");
      await deployment.connect();
      const reported = await deployment.send("421901000103");
      const silent = await deployment.send("421901000104");
      await eventually(() => deployment.double.accepted.length === 2);
      await killed.end("SIGKILL");
      await deployment.start("all");
      await eventually(async () => (await deployment.statusOf(reported)) === "OUTCOME_UNKNOWN");
      report.resolve();
      await eventually(async () => (await deployment.statusOf(reported)) === "DELIVERED");
      await eventually(async () => (await deployment.statusOf(silent)) === "SENT");
      expect((await deployment.timeline(silent)).map(({ status, source }) => `${status} ${source}`)).toEqual([
        "QUEUED API",
        "SUBMITTING DISPATCH",
        "OUTCOME_UNKNOWN DISPATCH",
        "SUBMITTED RECONCILE",
        "SENT RECONCILE",
      ]);
      expect([reported, silent].map((id) => requestsOf(deployment, id))).toEqual([1, 1]);
    },
  );

  it(
    "a process killed before the answer was committed sends nothing twice",
    { timeout: patience },
    async (test) => {
      const deployment = await deploy(test);
      const before = gate();
      deployment.double.plan = () => ({ before: before.promise, report: "never" });
      const killed = await deployment.start("all");
      await deployment.connect();
      const id = await deployment.send("421901000105");
      await eventually(() => deployment.double.requests.length === 1);
      await deployment.database.query("begin");
      await deployment.database.query("select 1 from messages where id = $1 for update", [id]);
      before.resolve();
      await eventually(async () => (await deployment.waiting()) === 1);
      await killed.end("SIGKILL");
      await deployment.cutWaiting();
      await deployment.database.query("rollback");
      await deployment.start("all");
      await eventually(async () => (await deployment.statusOf(id)) === "SENT");
      const sources = (await deployment.timeline(id)).map(({ source }) => source);
      expect(sources).toEqual(["API", "DISPATCH", "DISPATCH", "RECONCILE", "RECONCILE"]);
      expect(requestsOf(deployment, id)).toBe(1);
    },
  );

  it("a process killed before its job was done sends nothing twice", { timeout: patience }, async (test) => {
    const deployment = await deploy(test);
    const before = gate();
    deployment.double.plan = () => ({ before: before.promise });
    const killed = await deployment.start("all");
    await deployment.connect();
    const id = await deployment.send("421901000106");
    await eventually(() => deployment.double.requests.length === 1);
    await deployment.database.query("begin");
    await holdJob(deployment, id);
    before.resolve();
    await eventually(async () => (await deployment.waiting()) === 1);
    await eventually(async () => (await deployment.statusOf(id)) === "DELIVERED");
    await killed.end("SIGKILL");
    await deployment.cutWaiting();
    await deployment.database.query("rollback");
    await deployment.start("all");
    await eventually(async () => (await jobs(deployment)) === 0);
    expect(await deployment.statusOf(id)).toBe("DELIVERED");
    expect(requestsOf(deployment, id)).toBe(1);
  });

  it(
    "a process killed while a retry waits still makes the next attempt",
    { timeout: patience },
    async (test) => {
      const deployment = await deploy(test);
      deployment.double.plan = () => (deployment.double.requests.length === 0 ? { outcome: "busy" } : {});
      const killed = await deployment.start("all");
      await deployment.connect();
      const id = await deployment.send("421901000107");
      await eventually(async () => (await deployment.timeline(id)).length === 3);
      await killed.end("SIGKILL");
      await deployment.start("all");
      await eventually(async () => (await deployment.statusOf(id)) === "DELIVERED");
      expect(deployment.double.accepted).toHaveLength(1);
      expect(requestsOf(deployment, id)).toBe(2);
    },
  );

  it(
    "a process killed after planning a retry makes the next attempt once",
    { timeout: patience },
    async (test) => {
      const deployment = await deploy(test);
      const before = gate();
      deployment.double.plan = () => ({ before: before.promise, outcome: "busy for long" });
      const killed = await deployment.start("all");
      await deployment.connect();
      const id = await deployment.send("421901000111");
      await eventually(() => deployment.double.requests.length === 1);
      await deployment.database.query("begin");
      await holdJob(deployment, id);
      before.resolve();
      await eventually(async () => (await deployment.waiting()) === 1);
      await eventually(async () => (await deployment.statusOf(id)) === "QUEUED");
      await killed.end("SIGKILL");
      await deployment.cutWaiting();
      await deployment.database.query("rollback");
      const later = `update graphile_worker._private_jobs set run_at = now() + interval '1 hour'
        where locked_at is null and ${ofMessage}`;
      expect((await deployment.database.query(later, [id])).rowCount).toBe(1);
      await deployment.start("all");
      await eventually(async () => (await jobs(deployment)) === 1);
      expect(await deployment.statusOf(id)).toBe("QUEUED");
      expect(requestsOf(deployment, id)).toBe(1);
    },
  );

  it(
    "a process killed after the receipt but before the answer loses nothing",
    { timeout: patience },
    async (test) => {
      const deployment = await deploy(test);
      deployment.double.plan = () => ({ outcome: "hang" });
      const killed = await deployment.start("all");
      await deployment.connect();
      const id = await deployment.send("421901000112");
      await eventually(async () => (await deployment.statusOf(id)) === "DELIVERED");
      await killed.end("SIGKILL");
      await deployment.start("all");
      await eventually(async () => (await jobs(deployment)) === 0);
      expect(await deployment.statusOf(id)).toBe("DELIVERED");
      expect(requestsOf(deployment, id)).toBe(1);
      // An attempt without an end would count as in flight for ever.
      const open = "select from attempts where message_id = $1 and finished_at is null";
      expect((await deployment.database.query(open, [id])).rowCount).toBe(0);
    },
  );

  it("a process killed while storing a callback loses no receipt", { timeout: patience }, async (test) => {
    const deployment = await deploy(test);
    const report = gate();
    deployment.double.plan = () => ({ report: report.promise });
    const killed = await deployment.start("all");
    await deployment.connect();
    const id = await deployment.send("421901000108");
    await eventually(async () => (await deployment.statusOf(id)) === "SUBMITTED");
    await deployment.database.query("begin");
    await deployment.database.query("select 1 from messages where id = $1 for update", [id]);
    report.resolve();
    await eventually(async () => (await deployment.waiting()) === 1);
    await killed.end("SIGKILL");
    await deployment.cutWaiting();
    await deployment.database.query("rollback");
    await deployment.start("all");
    await eventually(async () => (await deployment.statusOf(id)) === "DELIVERED");
    const callbacks = (await deployment.timeline(id)).filter(({ source }) => source === "CALLBACK");
    expect(callbacks.map(({ providerStatus }) => providerStatus)).toEqual(["SENT", "DELIVRD"]);
    await eventually(() => deployment.double.callbacks.filter(({ answer }) => answer === 200).length === 2);
  });

  it(
    "a client that repeats its request after a crash sends the message once",
    { timeout: patience },
    async (test) => {
      const deployment = await deploy(test);
      const killed = await deployment.start("all");
      await deployment.connect();
      await deployment.database.query("begin");
      await deployment.database.query("lock table messages in exclusive mode");
      const lost = deployment.send("421901000109", "order 1");
      lost.catch(() => undefined);
      // The regular rounds wait for the table, too.
      await eventually(() => deployment.isWaiting("with draft as"));
      await killed.end("SIGKILL");
      await expect(lost).rejects.toThrow("fetch failed");
      await deployment.database.query("rollback");
      await deployment.start("all");
      const id = await deployment.send("421901000109", "order 1");
      await eventually(async () => (await deployment.statusOf(id)) === "DELIVERED");
      expect(deployment.double.requests.map(({ reference }) => reference)).toEqual([id]);
    },
  );
});

/** SQL on jobs: those of one message. */
const ofMessage = "payload ->> 'messageId' = $1::text";

/** Whoever wants to end the job of the message waits. Other jobs may still be ended, late as that may be. */
async function holdJob({ database }: Deployment, id: string): Promise<void> {
  const hold = `select from graphile_worker._private_jobs where ${ofMessage} for update`;
  expect((await database.query(hold, [id])).rowCount).toBe(1);
}

async function jobs({ database }: Deployment): Promise<number> {
  const { rows } = await database.query<{ count: number }>("select count(*)::int from graphile_worker.jobs");
  return rows[0]?.count ?? 0;
}
