import { afterAll, beforeAll, expect, it } from "vitest";
import { addJobs, type NewJob } from "../../src/queue/jobs.ts";
import { startTestApp, type TestApp } from "../support/app.ts";

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
