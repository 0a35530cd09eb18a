import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";

interface Run {
  code: number;
  output: string;
  problem: string;
}

let app: TestApp;
let folder: string;
let closeSandbox: () => Promise<unknown>;

beforeAll(async () => {
  app = await startTestApp();
  const { sandbox } = await connectTestSandbox(app);
  closeSandbox = () => sandbox.close();
  folder = await mkdtemp(join(tmpdir(), "smsgraph-cli-"));
  await writeFile(
    join(folder, "people.csv"),
    "to,first_name\n+421901000000,Eva\n+421901000100,Jan\nnobody,Ida\n",
  );
});

afterAll(async () => {
  await app.stop();
  await closeSandbox();
  await rm(folder, { recursive: true, force: true });
});

function run(options: string[], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      ["src/cli/campaign.ts", ...options],
      { env: { PATH: "", SMSGRAPH_URL: app.url, SMSGRAPH_KEY: app.key, ...env } },
      (error, output, problem) => done({ code: error === null ? 0 : Number(error.code), output, problem }),
    );
  });
}

describe.concurrent("npm run campaign", () => {
  it("npm run campaign sends a file's text to its people and follows it to the end", async () => {
    const { code, output, problem } = await run([
      join(folder, "people.csv"),
      "--text",
      "Hello {{first_name}}",
    ]);
    expect({ code, problem }).toEqual({ code: 0, problem: "" });
    expect(output).toContain("2 recipients, 1 refused, 0 named twice");
    expect(output).toMatch(/^COMPLETED: 2 total, 0 queued/m);
  });

  it("npm run campaign says with --dry-run what would be sent and what is refused, and sends nothing", async () => {
    const file = join(folder, "people.csv");
    const { code, output } = await run([file, "--text", "Hello {{first_name}}", "--dry-run"]);
    expect(code).toBe(0);
    expect(output).toContain("+421901000000 (1 segments): Hello Eva");
    expect(output).toContain("row 4: nobody:");
    expect(output).toContain("Nothing was sent.");
  });

  it("npm run campaign says in one sentence what is wrong, and ends with 1", async () => {
    const file = join(folder, "people.csv");
    const wrong = await Promise.all([
      run([file]),
      run(["nowhere.csv", "--text", "Hello"]),
      run([file, "--text", "Hello {{surname}}"]),
      run([file, "--text", "Hello"], { SMSGRAPH_KEY: "sg_wrong" }),
      run([file, "--text", "Hello", "--url", "http://127.0.0.1:9"]),
      run([file, "--text", "Hello", "--bogus"]),
    ]);
    expect(wrong.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1, 1]);
    const said = [
      "--text is missing",
      "nowhere.csv cannot be read",
      "surname",
      "API key",
      "Nothing answers",
      "--bogus",
    ];
    for (const [place, part] of said.entries()) expect(wrong[place]?.problem).toContain(part);
    for (const { problem } of wrong) expect(problem).not.toMatch(/^\s+at /m);
  });
});
