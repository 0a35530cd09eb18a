import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { eventually } from "../support/process.ts";

interface Run {
  code: number;
  output: string;
  problem: string;
}

const program = "packages/client/bin/smsgraph.js";
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

const environment = (more: Record<string, string> = {}) => ({
  env: { PATH: "", SMSGRAPH_URL: app.url, SMSGRAPH_KEY: app.key, ...more },
});

function run(options: string[], more: Record<string, string> = {}): Promise<Run> {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...options], environment(more), (error, output, problem) =>
      done({ code: error === null ? 0 : Number(error.code), output, problem }),
    );
  });
}

describe("smsgraph send", () => {
  it("smsgraph send sends a message and prints its statuses until the last one", async () => {
    const { code, output, problem } = await run(["send", "+421901000000", "Hello", "there", "--watch"]);
    expect({ code, problem }).toEqual({ code: 0, problem: "" });
    const lines = output.trim().split("\n");
    expect(lines[0]).toMatch(/^\S+ QUEUED$/);
    expect(lines.at(-1)).toMatch(/^\S+ DELIVERED$/);
  });

  it("smsgraph send sends nothing a second time for the same idempotency key", async () => {
    const options = ["send", "+421901000000", "Once", "--idempotency-key", "cli", "--ref", "order 7"];
    const [first, second] = [await run(options), await run(options)];
    expect(first.code).toBe(0);
    expect(second.output.split(" ")[0]).toBe(first.output.split(" ")[0]);
  });
});

it("smsgraph listen prints each change once, over its own restarts with a stored cursor", async () => {
  let printed = "";
  const start = () => {
    const options = ["listen", "--json", "--ref", "listened", "--store", join(folder, "cursor")];
    const child = spawn(process.execPath, [program, ...options], {
      ...environment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
    return async () => {
      const closed = once(child, "close");
      child.kill("SIGINT");
      await closed;
    };
  };
  const events = (): { status: string; id: string }[] =>
    printed
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { status: string; id: string });
  const stop = start();
  await eventually(async () => app.services.streams.size === 1);
  await run(["send", "+421901000000", "Hello", "--ref", "listened 1"]);
  await eventually(() => events().length > 0);
  await stop();
  await run(["send", "+421901000000", "Hello", "--ref", "listened 2"]);
  const stopAgain = start();
  await eventually(() => events().filter(({ status }) => status === "DELIVERED").length >= 2);
  await stopAgain();
  const ids = events().map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const statuses = events().map(({ status }) => status);
  expect(statuses.filter((status) => status === "QUEUED")).toHaveLength(2);
});

it("smsgraph keys makes a key, lists it and revokes it, while the server runs", async () => {
  const made = await run(["keys", "create", "--name", "from the command line", "--scopes", "READ"]);
  expect(made).toMatchObject({ code: 0, output: expect.stringMatching(/^\S+\n$/) });
  const listed = await run(["keys"]);
  const line = listed.output.split("\n").find((each) => each.includes("from the command line")) ?? "";
  expect(line).toContain(" READ (made ");
  const [id = ""] = line.split(" ");
  expect(await run(["keys", "revoke", id])).toMatchObject({ code: 0, output: `${id} is revoked\n` });
  const refused = await run(["keys"], { SMSGRAPH_KEY: made.output.trim() });
  expect(refused).toMatchObject({ code: 1, problem: expect.stringContaining("UNAUTHENTICATED") });
});

describe("smsgraph campaign", () => {
  it("smsgraph campaign sends a file's text to its people and follows it to the end", async () => {
    const { code, output, problem } = await run([
      "campaign",
      join(folder, "people.csv"),
      "--text",
      "Hello {{first_name}}",
    ]);
    expect({ code, problem }).toEqual({ code: 0, problem: "" });
    expect(output).toContain("2 recipients, 1 refused, 0 named twice");
    expect(output).toMatch(/^COMPLETED: 2 total/m);
  });

  it("smsgraph campaign says with --dry-run what would be sent and what is refused, and sends nothing", async () => {
    const file = join(folder, "people.csv");
    const { code, output } = await run(["campaign", file, "--text", "Hello {{first_name}}", "--dry-run"]);
    expect(code).toBe(0);
    expect(output).toContain("+421901000000 (1 segments): Hello Eva");
    expect(output).toContain("row 4: nobody:");
    expect(output).toContain("Nothing was sent.");
  });

  it("smsgraph campaign takes a workbook, and says with --dry-run how it was read", async () => {
    const file = "test/fixtures/spreadsheets/openpyxl.xlsx";
    const options = ["--text", "Hello {{name}}", "--sheet", "Other", "--dry-run"];
    const { code, output } = await run(["campaign", file, ...options]);
    expect(code).toBe(0);
    expect(output).toContain(
      'XLSX, sheet "Other", 1 rows\n  column "to": read as to\n  column "name": read as name',
    );
  });
});

it("smsgraph says in one sentence what is wrong, and ends with 1", async () => {
  const file = join(folder, "people.csv");
  const cases: [string[], string, Record<string, string>?][] = [
    [["campaign", file], "--text is missing"],
    [["campaign", "nowhere.csv", "--text", "Hello"], "nowhere.csv cannot be read"],
    [["campaign", file, "--text", "Hello {{surname}}"], "surname"],
    [["campaign", file, "--text", "Hello"], "API key", { SMSGRAPH_KEY: "sg_wrong" }],
    [["campaign", file, "--text", "Hello", "--bogus"], "--bogus"],
    [["send", "12", "Hello"], "INVALID_PHONE_NUMBER"],
    [["send", "+421901000000"], "Name a number and a text"],
    [["send", "+421901000000", "Hello"], "Nothing answers", { SMSGRAPH_URL: "http://127.0.0.1:9" }],
    [["listen"], "API key", { SMSGRAPH_KEY: "sg_wrong" }],
    [["listen", "--country", "Slovakia"], "INVALID_INPUT"],
    [["listen"], "There is no API key", { SMSGRAPH_KEY: "", DATA_DIR: "nowhere" }],
    [["keys", "revoke"], "Which key?"],
    [["nonsense"], 'There is no command "nonsense"'],
  ];
  for (const [options, said, more] of cases) {
    const { code, problem } = await run(options, more);
    expect({ code, problem }).toEqual({ code: 1, problem: expect.stringContaining(said) });
    expect(problem).not.toMatch(/^\s+at /m);
  }
}, 300_000);

it("smsgraph refuses a directory and a pipe where it needs a file", async () => {
  const pipe = join(folder, "pipe");
  await promisify(execFile)("mkfifo", [pipe]);
  for (const [path, what] of [
    [folder, "a directory"],
    [pipe, "a pipe"],
    ["/dev/null", "a device"],
  ] as const) {
    for (const options of [
      ["campaign", path, "--text", "Hello"],
      ["suppressions", "import", path],
    ])
      expect(await run(options)).toEqual({
        code: 1,
        output: "",
        problem: `${path} is ${what}. Name a file.\n`,
      });
  }
});

it.skipIf(process.getuid?.() === 0)("smsgraph refuses a file that the user may not read", async () => {
  const file = join(folder, "secret.csv");
  await writeFile(file, "to\n+421901000000\n");
  await chmod(file, 0o000);
  const { code, problem } = await run(["campaign", file, "--text", "Hello"]);
  expect({ code, problem }).toEqual({ code: 1, problem: `${file} cannot be read.\n` });
});

it.each([[], ["send"], ["listen"], ["keys"], ["campaign"]])(
  "smsgraph %s --help says how it is used",
  async (...command) => {
    const { code, output } = await run([...command, "--help"]);
    expect(code).toBe(0);
    expect(output).toContain("Usage: smsgraph");
    expect(output).toContain("--url URL");
  },
);

it("smsgraph send --watch works on a Node without WebSocket, such as Node 20", async () => {
  const options = ["--no-experimental-websocket", program, "send", "+421901000000", "Hello", "--watch"];
  const output = await new Promise<string>((done, fail) => {
    execFile(process.execPath, options, environment(), (error, text) => (error ? fail(error) : done(text)));
  });
  expect(output).toMatch(/ DELIVERED\n$/);
});

describe("smsgraph suppressions", () => {
  it("smsgraph suppressions imports a list, adds to it, writes it out, and takes numbers off it", async () => {
    const list = join(folder, "no.csv");
    await writeFile(list, "number\n+421905000001\nnobody\n");
    const imported = await run(["suppressions", "import", list, "--reason", "list of 2025"]);
    expect(imported.output).toContain("1 added, 0 on the list before, 1 refused\n  row 3: nobody:");
    await run(["suppressions", "add", "00421905000002", "--sender", "Acme"]);
    const { output } = await run(["suppressions", "export"]);
    expect(output).toContain("'+421905000001,,list of 2025,IMPORT,");
    expect(output).toContain("'+421905000002,acme,,API,");
    expect((await run(["suppressions", "remove", "+421905000002"])).output).toContain("had 1 entries");
    expect((await run(["suppressions", "import", "missing.csv"])).problem).toContain(
      "missing.csv cannot be read.",
    );
  });
});
