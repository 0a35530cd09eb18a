import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const source = fileURLToPath(new URL("../../src/lib/young-space.ts", import.meta.url));

/** Works hard for a moment, then waits until next to nothing is left of the space for young objects. */
const program = `
  import { getHeapSpaceStatistics } from "node:v8";
  import { keepYoungSpaceSmall } from ${JSON.stringify(source)};

  const size = () => getHeapSpaceStatistics().find((space) => space.space_name === "new_space").space_size;
  keepYoungSpaceSmall({ lookEveryMs: 100 });
  let kept = [];
  for (let count = 0; count < 2_000_000; count++) {
    if (count % 100_000 === 0) kept = [];
    kept.push({ count });
  }
  process.stdout.write(String(size()));
  const timer = setInterval(() => {
    if (size() > 4 * 1024 * 1024) return;
    clearInterval(timer);
    process.stdout.write(" given back");
  }, 100);
`;

it("an idle process gives back the space for young objects", async () => {
  const options = ["--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 300_000 });
  const [size, words] = [Number.parseInt(stdout, 10), stdout.replace(/^\d+/, "")];
  expect(size).toBeGreaterThan(8 * 1024 * 1024);
  expect(words).toBe(" given back");
}, 300_000);
