import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Benchmark, BenchRun, Finding } from "./support/benchmark.ts";
import { fillMessages } from "./support/fill.ts";
import { startServerProcess } from "./support/server-process.ts";

export const benchmark: Benchmark = {
  name: "compat-callbacks",
  about: "Callbacks of the served APIs that wait, to one endpoint.",
  run: async (run) => [await tell(run)],
};

const fillReports = `
  with ids as (
    insert into compat_messages (message_id, account_id, api, vendor_id, callback_url)
    select id, $2, 'TIKOSMS', id::text, $3 from unnest($1::uuid[]) as id
    on conflict do nothing
  )
  insert into compat_reports (account_id, message_id, api, url, origin, status, occurred_at)
  select $2, id, 'TIKOSMS', $3, $4, 'DELIVERED', now() from unnest($1::uuid[]) as id`;

async function tell(run: BenchRun): Promise<Finding> {
  const server = await startServerProcess(run.closers, { ROLE: "all" });
  const { accountId, providerId, database } = server;
  const count = run.isShort ? 2_000 : 20_000;
  const { ids } = await fillMessages(database, { accountId, providerId, messages: count, eventsEach: 1 });
  let taken = 0;
  const all = { reached: Promise.withResolvers<void>() };
  const endpoint = createServer((request, response) => {
    request.resume().once("end", () => {
      response.end();
      if (++taken === count) all.reached.resolve();
    });
  });
  endpoint.listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  run.closers.push(() => endpoint.close().closeAllConnections());
  const origin = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  const ours: number[] = [];
  for (let round = 0; round < run.rounds; round++) {
    taken = 0;
    all.reached = Promise.withResolvers();
    const begun = performance.now();
    await database.query(fillReports, [ids, accountId, `${origin}/callback`, origin]);
    await all.reached.promise;
    ours.push(count / ((performance.now() - begun) / 1_000));
    run.progress(`${count} callbacks, round ${round + 1}: ${Math.round(ours.at(-1) ?? 0)}/s`);
  }
  return { what: "callbacks out, to one endpoint", unit: "requests/s", ours, target: { atLeast: 2_000 } };
}
