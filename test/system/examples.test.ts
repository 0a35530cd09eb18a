import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createServer, type ViteDevServer } from "vite";
import { generateDocuments } from "../../examples/react/codegen.ts";
import { encodeId } from "../../src/lib/global-id.ts";
import { comparePositions, decodeCursor, encodeCursor } from "../../src/messages/log/event-log.ts";
import { openBrowser, type Browser } from "../support/browser.ts";
import { sendAll } from "../support/pages.ts";
import { eventually, freePort } from "../support/process.ts";
import { RestartableApp } from "../support/restartable-app.ts";

const example = (path: string): string => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));

const patience = { timeout: 300_000 };
const steps = ["QUEUED", "SUBMITTING", "SUBMITTED", "SENT", "DELIVERED"];
let app: RestartableApp;
let directory: string;

beforeAll(async () => {
  app = await RestartableApp.start();
  directory = await mkdtemp(join(tmpdir(), "smsgraph-examples-"));
});

afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true, force: true });
});

/** Past the breakable way. */
const send = (count: number): Promise<string[]> =>
  sendAll(
    app.client,
    Array.from({ length: count }, () => ({})),
  );

/** The client has come back twice, and was sent away each time. */
async function refusals(): Promise<void> {
  const before = app.proxy.count();
  await eventually(() => app.proxy.count() >= before + 2);
}

/** Every message has reached its end, so that the log stays as it is. */
async function everythingDelivered(): Promise<void> {
  await eventually(async () => {
    const log = await app.log();
    const ended = log.filter(({ status, applied }) => applied && status === "DELIVERED");
    return ended.length === new Set(log.map(({ messageId }) => messageId)).size;
  });
}

describe("the Node script", () => {
  let file: string;
  let child: ChildProcess | undefined;
  /** What it printed, over all its lives. */
  let printed = "";
  let complaints = "";

  const lines = (): string[] => printed.split("\n").slice(0, -1);

  function start(key = app.key): ChildProcess {
    // oxlint-disable-next-line node/no-process-env
    const { PATH = "" } = process.env;
    const SMSGRAPH_URL = `http://127.0.0.1:${app.proxy.port}`;
    child = spawn(process.execPath, [example("node-watch/watch.ts")], {
      env: { PATH, SMSGRAPH_URL, SMSGRAPH_KEY: key, CURSOR_FILE: file },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (printed += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    return child;
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill(signal);
    await closed;
  }

  /** It has handled everything in the log, and keeps the cursor behind it. */
  async function settled(): Promise<void> {
    await everythingDelivered();
    const last = (await app.log()).at(-1);
    await eventually(async () => {
      const reached = existsSync(file) ? decodeCursor(await readFile(file, "utf8")) : undefined;
      if (!last || !reached) return false;
      return comparePositions(reached, { tx: BigInt(last.tx), id: BigInt(last.id) }) >= 0;
    });
  }

  beforeAll(() => {
    file = join(directory, "cursor");
  });

  afterEach(() => end("SIGKILL"));

  it(
    "the Node example prints each change once, in order, through its own restarts, cut sockets and a server restart",
    patience,
    async () => {
      start();
      await eventually(() => existsSync(file));
      const seen = (count: number): Promise<void> => eventually(() => lines().length >= count);
      const seenDelivered = (count: number): Promise<void> =>
        eventually(() => lines().filter((line) => line.includes(" DELIVERED ")).length >= count);

      await send(3);
      await seen(1);
      app.proxy.cut();
      await send(2);
      await seenDelivered(4);
      await end("SIGINT");
      await send(2);
      start();
      await seenDelivered(6);
      await end("SIGINT");
      start();
      await settled();
      await end("SIGKILL");
      await send(1);
      start();
      await seenDelivered(8);
      await app.stop();
      await eventually(() => complaints.includes("trying again"));
      await app.restart();
      await send(2);
      await settled();

      const changes = (await app.log()).filter(({ applied }) => applied);
      const expected = changes.map(
        ({ to, status, messageId }) => `${to} ${status} ${encodeId("Message", messageId)}`,
      );
      expect(expected.length).toBeGreaterThanOrEqual(11 * 4);
      expect(lines().map((line) => line.slice(line.indexOf(" ") + 1))).toEqual(expected);
    },
  );

  it("the Node example says when its cursor is no longer valid, and continues", patience, async () => {
    await writeFile(file, encodeCursor({ tx: 2n ** 60n, id: 1n }));
    printed = "";
    start();
    await eventually(() => lines().length > 0);
    expect(lines()).toEqual([expect.stringMatching(/^RESET AHEAD_OF_LOG: /)]);
    await send(1);
    await eventually(() => lines().length === 6);
    await settled();
  });

  it("the Node example ends when its key is refused", patience, async () => {
    complaints = "";
    const [code] = (await once(start("sg_wrong"), "close")) as [number];
    expect(code).toBe(1);
    expect(complaints).toMatch(/^The API key is unknown or revoked.*\n$/);
  });
});

const connection = (page: Page, text: string): Promise<void> =>
  page.getByRole("status").getByText(text).waitFor();

/** Waits until so many messages in the list are DELIVERED. */
async function listed(page: Page, count: number): Promise<void> {
  const statuses = page.locator(".messages").getByText("DELIVERED", { exact: true });
  await expect.poll(() => statuses.count()).toBe(count);
}

const eventCount = async (page: Page): Promise<number> =>
  Number(await page.getByLabel("Events").textContent());

describe("the React page", () => {
  const screenshot = "test-results/example.png";
  let server: ViteDevServer;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const target = `http://127.0.0.1:${app.proxy.port}`;
    server = await createServer({
      root: example("react"),
      cacheDir: join(directory, "vite"),
      logLevel: "silent",
      server: {
        host: "127.0.0.1",
        port,
        strictPort: true,
        proxy: { "/graphql": { target, ws: true, headers: { origin: target } } },
      },
    });
    await server.listen();
    browser = await openBrowser();
    browser.context.setDefaultTimeout(120_000);
  });

  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it(
    "the React page follows messages without a reload, through cut sockets and a restart",
    patience,
    async () => {
      const before = new Set((await app.log()).map(({ messageId }) => messageId)).size;
      const known = (await app.log()).length;
      const problems: string[] = [];
      const page = await browser.context.newPage();
      page.on("pageerror", ({ message }) => problems.push(message));
      await page.goto(`${url}/?key=${app.key}`);
      await connection(page, "live");
      await listed(page, before);
      expect(await eventCount(page)).toBe(0);
      await page.evaluate("window.loadedOnce = true");

      await page.getByLabel("Text").fill("Hello from a browser");
      await page.getByRole("button", { name: "Send" }).click();
      await listed(page, before + 1);
      await page.getByRole("button", { name: "Hello from a browser" }).click();
      const timeline = page.getByLabel("Timeline").getByRole("listitem");
      const statuses = (): Promise<string[]> => timeline.locator(".status").allTextContents();
      await expect.poll(async () => (await statuses()).toSorted()).toEqual(steps.toSorted());
      await page.screenshot({ path: screenshot });

      app.proxy.break();
      await connection(page, "connection lost");
      await send(2);
      await everythingDelivered();
      app.proxy.mend();
      await connection(page, "live");
      await listed(page, before + 3);

      await app.stop();
      await connection(page, "connection lost");
      await app.restart();
      await send(1);
      await listed(page, before + 4);
      await app.withoutKeys(refusals);
      await connection(page, "live");
      expect(await page.evaluate("window.loadedOnce")).toBe(true);

      const [first] = await Promise.all([eventCount(page), send(1)]);
      await page.reload();
      await listed(page, before + 5);
      expect(first).toBeGreaterThanOrEqual(4 * 5);
      await expect.poll(() => eventCount(page)).toBe((await app.log()).length - known);
      expect(problems).toEqual([]);
      await page.close();
    },
  );

  it("the React page says what is wrong with a number", patience, async () => {
    const page = await browser.context.newPage();
    await page.goto(url);
    await page.getByLabel("API key").fill(app.key);
    await page.getByRole("button", { name: "Open" }).click();
    await connection(page, "live");
    await page.getByLabel("Number").fill("12");
    await page.getByRole("button", { name: "Send" }).click();
    const alert = page.getByRole("alert").getByText("international form");
    await alert.waitFor();
    expect(await alert.count()).toBe(1);
    await page.close();
  });

  it("the React page says that its key is refused", patience, async () => {
    const page = await browser.context.newPage();
    await page.goto(`${url}/?key=sg_wrong`);
    await connection(page, "the key was refused");
    expect(await page.getByRole("status").getByText("the key was refused").count()).toBe(1);
    await page.close();
  });

  it("the React page's types fit the schema (if not, run `node examples/react/codegen.ts`)", async () => {
    const documents = await generateDocuments();
    expect(documents).toHaveLength(1);
    for (const { path, text } of documents) expect(await readFile(path, "utf8")).toBe(text);
  });
});
