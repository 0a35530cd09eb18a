import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogger } from "../../src/lib/logger.ts";
import { releaseJobsOfTheDead } from "../../src/queue/dead-workers.ts";
import { addJobs, type NewJob } from "../../src/queue/jobs.ts";
import { reviveJobs } from "../../src/queue/revive.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { queueMessage } from "../support/callbacks.ts";
import { connectProvider } from "../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

interface Row {
  id: string;
  payload: unknown;
  waits: boolean;
}

const add = (...jobs: NewJob[]): Promise<void> => addJobs(app.services.database, jobs);

async function jobsOf(key: string): Promise<Row[]> {
  const { rows } = await app.services.database.pool.query<Row>(
    `select id, payload, run_at > now() + interval '30 minutes' as waits
    from graphile_worker._private_jobs where key = $1 or payload ->> 'messageId' = $1 order by id`,
    [key],
  );
  return rows;
}

/** What a worker does at the end of a job, whoever has taken it over meanwhile. */
const end = (id: string | undefined) =>
  app.services.database.pool.query("delete from graphile_worker._private_jobs where id = $1", [id]);

it("the end of a job that another worker could take over does not end the one that came after it", async () => {
  const key = "taken over";
  const job = { task: "dispatch", payload: { messageId: key }, key } as const;
  await add(job);
  const [running] = await jobsOf(key);
  // Its worker runs it, and has lost its lock with its connection: the job waits for another one.
  await add({ ...job, delayMs: 3_600_000 });
  await end(running?.id);
  expect(await jobsOf(key)).toMatchObject([{ payload: { messageId: key }, waits: true }]);
});

it("messages that were added to a search whose worker still runs it are searched for", async () => {
  const key = "reconcile gathered";
  const search = (...payload: string[]): NewJob => ({ task: "reconcile", payload, key });
  await add({ ...search("one"), delayMs: 3_600_000 });
  const [running] = await jobsOf(key);
  await add(search("two", "three"));
  await end(running?.id);
  expect(await jobsOf(key)).toMatchObject([{ waits: true }]);
  const [left] = await jobsOf(key);
  expect(new Set(left?.payload as string[])).toEqual(new Set(["one", "two", "three"]));
});

it("a job that is locked keeps its row and loses its key to the next one", async () => {
  const key = "locked";
  const job = { task: "dispatch", payload: { messageId: key }, key } as const;
  await add(job);
  const [running] = await jobsOf(key);
  await app.services.database.pool.query(
    "update graphile_worker._private_jobs set locked_at = now(), locked_by = 'somebody' where id = $1",
    [running?.id],
  );
  await add({ ...job, delayMs: 3_600_000 });
  expect(await jobsOf(key)).toMatchObject([
    { id: running?.id, waits: false },
    { payload: { messageId: key }, waits: true },
  ]);
});

const set = (id: string | undefined, columns: string) =>
  app.services.database.pool.query(`update graphile_worker._private_jobs set ${columns} where id = $1`, [id]);
const revive = () => reviveJobs(app.services.database, createLogger({ level: "silent" }));
const stateOf = async (id: string | undefined) => {
  const { rows } = await app.services.database.pool.query(
    `select attempts, round(extract(epoch from run_at - now()) / 60)::int as minutes
    from graphile_worker._private_jobs where id = $1`,
    [id],
  );
  return rows[0] as unknown;
};

it("a queue whose job was ended by another worker than the one that locked it goes on", async () => {
  const [name, key] = ["queue of a provider", "queued"];
  await add({ task: "reconcile", payload: ["one"], key, queue: name });
  await app.services.database.pool.query(
    `update graphile_worker._private_job_queues set locked_by = 'pool-alive', locked_at = now() - interval '1 minute'
    where queue_name = $1`,
    [name],
  );
  const lockedBy = async (): Promise<unknown> => {
    const { rows } = await app.services.database.pool.query<{ locked_by: string | null }>(
      "select locked_by from graphile_worker._private_job_queues where queue_name = $1",
      [name],
    );
    return rows[0]?.locked_by;
  };
  const [job] = await jobsOf(key);
  await set(job?.id, "locked_by = 'pool-alive', locked_at = now()");
  const release = () => releaseJobsOfTheDead(app.services.database, createLogger({ level: "silent" }));
  await release();
  expect(await lockedBy()).toBe("pool-alive");
  await end(job?.id);
  await release();
  expect(await lockedBy()).toBeNull();
});

describe("jobs that failed", () => {
  it("a job that failed waits five minutes at most, and one that was put off as long as it was", async () => {
    await add({ task: "dispatch", payload: { messageId: "failed" }, key: "failed", delayMs: 6 * 3_600_000 });
    await add({
      task: "dispatch",
      payload: { messageId: "put off" },
      key: "put off",
      delayMs: 6 * 3_600_000,
    });
    const [[failed], [putOff]] = await Promise.all([jobsOf("failed"), jobsOf("put off")]);
    await set(failed?.id, "attempts = 9, last_error = 'the disk was full'");
    await revive();
    expect(await stateOf(failed?.id)).toEqual({ attempts: 9, minutes: 5 });
    expect(await stateOf(putOff?.id)).toEqual({ attempts: 0, minutes: 360 });
  });

  it("a message whose job was given up is taken up again, unless another job has it or it is not waiting", async () => {
    const providerId = await connectProvider(app.client, { defaultSender: "smsgraph" });
    const ids = await Promise.all([1, 2, 3].map(() => queueMessage(app, { providerId })));
    const [givenUp, replaced, over] = await Promise.all(ids.map(async (id) => (await jobsOf(id))[0]?.id));
    for (const id of [givenUp, replaced, over]) await set(id, "attempts = max_attempts");
    await add({ task: "dispatch", payload: { messageId: ids[1] ?? "" }, key: `dispatch ${ids[1]}` });
    await app.services.database.pool.query("update messages set status = 'SENT' where id = $1", [ids[2]]);
    await revive();
    expect(await stateOf(givenUp)).toEqual({ attempts: 1, minutes: 0 });
    expect(await stateOf(replaced)).toEqual({ attempts: 25, minutes: 0 });
    expect(await stateOf(over)).toEqual({ attempts: 25, minutes: 0 });
  });

  it("a campaign whose job was given up is taken up again after a while", async () => {
    const campaignId = randomUUID();
    await add({ task: "expand-campaign", payload: { campaignId }, key: `expand-campaign ${campaignId}` });
    const { rows } = await app.services.database.pool.query<{ id: string }>(
      "select id from graphile_worker._private_jobs where payload ->> 'campaignId' = $1",
      [campaignId],
    );
    await set(rows[0]?.id, "attempts = max_attempts");
    await revive();
    expect(await stateOf(rows[0]?.id)).toEqual({ attempts: 1, minutes: 5 });
  });
});
