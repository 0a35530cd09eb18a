import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";

const main = fileURLToPath(new URL("../../src/cli/keys.ts", import.meta.url));

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

function run(file: string, given: string[], variables: Record<string, string>): Promise<Outcome> {
  // oxlint-disable-next-line node/no-process-env
  const env = { PATH: process.env["PATH"] ?? "", ...variables };
  return new Promise((resolve) => {
    execFile(file, given, { env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

const keys = (...given: string[]): Promise<Outcome> =>
  run(process.execPath, [main, ...given], { DATABASE_URL: app.databaseUrl });

const viewerOf = (key: string) =>
  new GraphqlClient(app.url, key).send<object>("{ viewer { accountName scopes } }");

/** The line of the list that is about a key, cut into its columns. */
async function listed(name: string): Promise<string[]> {
  const { stdout } = await keys("list");
  return (
    stdout
      .split("\n")
      .map((line) => line.split(/ {2,}/))
      .find((cells) => cells[2] === name) ?? []
  );
}

/** What a key has for the served APIs. */
async function serving(name: string): Promise<{ callbackUrl: string | null; allowsGet: boolean }> {
  const { callbackUrl, allowsGet } = await app.services.database.prisma.apiKey.findFirstOrThrow({
    where: { name },
  });
  return { callbackUrl, allowsGet };
}

describe("npm run keys", () => {
  it("npm run keys makes a key and writes it alone to standard output, with what to do next beside it", async () => {
    const { code, stdout, stderr } = await keys(
      "--account",
      "Bakery",
      "--name",
      "shop",
      "--scopes",
      "read,send",
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sg_[\w-]{32}\n$/);
    expect(stderr).toContain("npm run keys -- revoke");
    expect(stderr).not.toContain(stdout.trim());
    expect(await viewerOf(stdout.trim())).toEqual({
      data: { viewer: { accountName: "Bakery", scopes: ["READ", "SEND", "CAMPAIGNS"] } },
    });
  });

  it("npm run keys lists keys without their secrets, and revokes one", async () => {
    const { stdout: secret } = await keys("create", "--account", "Florist", "--name", "till");
    await viewerOf(secret.trim());
    await expect.poll(() => listed("till")).not.toContain("never");
    const [id = "", account, , begins, scopes, , , state] = await listed("till");
    expect([account, begins, scopes, state]).toEqual(["Florist", secret.slice(0, 9), "READ,SEND", "live"]);
    expect((await keys("list")).stdout).not.toContain(secret.trim());
    expect((await keys("list", "--account", "Florist")).stdout.trim().split("\n")).toHaveLength(2);

    const { code, stderr } = await keys("revoke", id);
    expect([code, stderr]).toEqual([0, expect.stringContaining("closed within a second")]);
    await expect
      .poll(async () => (await viewerOf(secret.trim())).errors)
      .toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    expect((await listed("till")).at(-1)).toMatch(/^revoked /);
    expect(await keys("revoke", id)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("revoked before"),
    });
  });

  it("npm run keys keeps an account's last ADMIN key unless it is told to", async () => {
    await keys("--account", "Garage", "--name", "boss", "--scopes", "ADMIN");
    const [id = ""] = await listed("boss");
    expect(await keys("revoke", id)).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
    expect(await keys("revoke", id, "--force")).toMatchObject({ code: 0 });
    expect((await listed("boss")).at(-1)).toMatch(/^revoked /);
  });

  it("npm run keys does not restrict the last key that manages all others", async () => {
    await keys("--account", "Depot", "--name", "chief", "--scopes", "ADMIN");
    const [id = ""] = await listed("chief");
    expect(await keys("set", id, "--countries", "SK")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"chief" is the last key'),
    });
    await keys("--account", "Depot", "--name", "deputy", "--scopes", "ADMIN");
    expect(await keys("set", id, "--countries", "SK")).toMatchObject({ code: 0 });
  });

  it("npm run keys rotates a key, and the audit log names the command", async () => {
    const { stdout: earlier } = await keys("--account", "Harbour", "--name", "crane");
    const [id = ""] = await listed("crane");
    const { code, stdout } = await keys("rotate", id, "--overlap", "2");
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^sg_[\w-]{32}\n$/)]);
    for (const key of [earlier, stdout]) expect((await viewerOf(key.trim())).errors).toBeUndefined();
    expect((await listed("crane")).at(-1)).toMatch(/^until /);
    const [entry] = await app.services.database.prisma.auditEntry.findMany({
      where: { targetId: id, action: "API_KEY_ROTATED" },
    });
    expect(entry).toMatchObject({ actor: "COMMAND", command: expect.stringMatching(/^npm run keys, by /) });
  });

  it("npm run keys makes a key that ends by itself", async () => {
    const expires = new Date(Date.now() + 86_400_000).toISOString();
    expect(await keys("--account", "Kiosk", "--name", "brief", "--expires", expires)).toMatchObject({
      code: 0,
    });
    expect((await listed("brief")).at(-1)).toBe(`until ${expires.slice(0, 16).replace("T", " ")}`);
  });

  it("npm run keys shows how it is used", async () => {
    const { code, stdout } = await run(process.execPath, [main, "--help"], {});
    expect([code, stdout]).toEqual([0, expect.stringContaining("npm run keys -- list")]);
  });

  it.each([
    ["no account", [], "--account is missing"],
    ["an unknown command", ["remove"], 'no command "remove"'],
    ["an unknown option", ["--acount", "x"], "--acount"],
    ["an unknown scope", ["--account", "x", "--scopes", "WRITE"], 'no scope "WRITE"'],
    ["an end in the past", ["--account", "x", "--expires", "2020-01-01"], "not a time in the future"],
    ["an end beyond what is stored", ["--account", "x", "--expires", "+010000-01-01"], "is not a time"],
    ["no key to revoke", ["revoke"], "Which one?"],
    ["an overlap that is no time", ["rotate", "x", "--overlap", "soon"], "--overlap"],
    ["a watch token that is not there", ["revoke-token", "x"], "no watch token with the id x"],
    ["a key that is not there", ["revoke", "x"], "no key with the id x"],
    ["an account that is not there", ["list", "--account", "Nobody"], 'no account "Nobody"'],
    ["a command that every object has", ["constructor", "x"], 'no command "constructor"'],
    ["a word too many for list", ["list", "all"], '"all" is one word too many'],
    ["a word too many for tokens", ["tokens", "all"], '"all" is one word too many'],
    ["a word too many for create", ["create", "x", "--account", "x"], '"x" is one word too many'],
    ...["set", "rotate", "revoke", "revoke-token"].map((command): [string, string[], string] => [
      `a word too many for ${command}`,
      [command, "x", "y"],
      '"y" is one word too many',
    ]),
  ])("npm run keys says what is wrong with %s", async (_what, given, problem) => {
    const { code, stdout, stderr } = await keys(...given);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(problem);
    expect(stderr).not.toMatch(/\n +at /);
  });

  it("npm run keys asks for the database", async () => {
    const { code, stderr } = await run(process.execPath, [main, "list"], { DATA_DIR: "/nowhere" });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("There is no database in /nowhere. Set DATABASE_URL"),
    ]);
  });

  it.each([["list"], ["--help"]])(
    "npm run keys stops quietly when nobody reads what %s says",
    async (command) => {
      const line = `"${process.execPath}" "${main}" ${command} | true`;
      const { stderr } = await run("/bin/sh", ["-c", line], { DATABASE_URL: app.databaseUrl });
      expect(stderr).not.toMatch(/EPIPE|\n +at /);
    },
  );
});

describe("npm run keys with bounds", () => {
  it("npm run keys makes a key with limits and restrictions, shows them, and changes or takes away those that are given", async () => {
    const bounds = ["--limits", "requests=50,sends=10", "--senders", "Shop", "--countries", "SK,CZ"];
    const made = await keys("--account", "Bounded", "--name", "bounded", ...bounds);
    expect(made.code).toBe(0);
    const read = async () => {
      const viewer = new GraphqlClient(app.url, made.stdout.trim());
      const query = `{ viewer { restrictions { providerIds senders countries } rateLimits { kind limit } } }`;
      const data = await viewer.data<{
        viewer: { restrictions: object; rateLimits: { kind: string; limit: number }[] };
      }>(query);
      const { restrictions, rateLimits } = data.viewer;
      return { restrictions, sends: rateLimits.find(({ kind }) => kind === "sends")?.limit };
    };
    expect(await read()).toEqual({
      restrictions: { providerIds: null, senders: ["Shop"], countries: ["SK", "CZ"] },
      sends: 100,
    });
    const line = await listed("bounded");
    expect(line.join(" ")).toContain("requests=50, sends=10, senders: Shop, countries: SK CZ");
    const [id = ""] = line;
    expect((await keys("set", id, "--countries", "all", "--limits", "sends=5")).code).toBe(0);
    await expect
      .poll(read, { timeout: 10_000 })
      .toEqual({ restrictions: { providerIds: null, senders: ["Shop"], countries: null }, sends: 50 });
    for (const [given, words] of [
      [["--limits", "letters=5"], /letters=5/],
      [["--countries", "Slovakia"], /two capital letters/],
      [["--providers", "nothing"], /provider/],
      [[], /What is to be set/],
    ] as const) {
      const { code, stderr } = await keys("set", id, ...given);
      expect([code, stderr]).toEqual([1, expect.stringMatching(words)]);
    }
  });

  it("npm run keys sets and takes away the callback address of a key, and whether Telekom's functions may be asked by GET", async () => {
    const url = "https://203.0.113.7/receipts";
    expect((await keys("--account", "Served", "--name", "plain")).code).toBe(0);
    expect(await serving("plain")).toEqual({ callbackUrl: null, allowsGet: false });
    const given = ["--callback-url", url, "--allow-get"];
    expect((await keys("--account", "Served", "--name", "served", ...given)).code).toBe(0);
    expect(await serving("served")).toEqual({ callbackUrl: url, allowsGet: true });
    expect((await listed("served")).join(" ")).toContain(`callback: ${url}, GET`);
    const [id = ""] = await listed("served");
    expect((await keys("set", id, "--no-allow-get")).code).toBe(0);
    expect(await serving("served")).toEqual({ callbackUrl: url, allowsGet: false });
    expect((await keys("set", id, "--callback-url", "none", "--allow-get")).code).toBe(0);
    expect(await serving("served")).toEqual({ callbackUrl: null, allowsGet: true });
    const refused = await keys("set", id, "--callback-url", "ftp://example.com/");
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/--callback-url.*https address/),
    ]);
  });
});
