import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const source = fileURLToPath(new URL("../../src/lib/idle-memory.ts", import.meta.url));

/** Works hard for a moment, and tells when what it needed is given back, at work and idle. */
const program = `
  import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
  import { returnIdleMemory } from ${JSON.stringify(source)};

  const megabyte = 1024 * 1024;
  const young = () => getHeapSpaceStatistics().find((space) => space.space_name === "new_space").space_size / megabyte;
  const heap = () => getHeapStatistics().total_heap_size / megabyte;
  const until = (isSo) => new Promise((done) => {
    const timer = setInterval(() => isSo() && done(clearInterval(timer)), 20);
  });
  returnIdleMemory({ lookEveryMs: 100 });
  let kept = [];
  for (let count = 0; count < 2_000_000; count++) {
    if (count % 500_000 === 0) kept = [];
    kept.push({ count });
  }
  kept = [];
  const worked = { young: young(), heap: heap() };
  let isBusy = true;
  const work = () => {
    for (const end = performance.now() + 20; performance.now() < end; );
    if (isBusy) setTimeout(work, 5);
  };
  work();
  await until(() => young() <= 4);
  isBusy = false;
  await until(() => heap() < worked.heap / 2);
  process.stdout.write(JSON.stringify(worked));
  process.exit();
`;

it("a busy process gives back the space for young objects, and an idle one what old objects needed", async () => {
  const options = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 300_000 });
  const { young, heap } = JSON.parse(stdout) as { young: number; heap: number };
  expect(young).toBeGreaterThan(8);
  expect(heap).toBeGreaterThan(30);
}, 300_000);
