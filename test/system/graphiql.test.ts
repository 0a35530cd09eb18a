import { parse, validate } from "graphql";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newKey } from "../../src/access/api-keys.ts";
import { scopes } from "../../src/access/scopes.ts";
import { storeKey } from "../../src/access/store-key.ts";
import { graphiqlTabs } from "../../src/graphql/server/graphiql.ts";
import { schema } from "../../src/graphql/schema/schema.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { openBrowser, type Browser } from "../support/browser.ts";

const screenshot = "test-results/graphiql.png";
const key = newKey();
let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
let browser: Browser;
/** What the browser asked of anyone but our server; it gets no answer. */
const foreignRequests: string[] = [];

beforeAll(async () => {
  app = await startTestApp({ developmentKey: key });
  const owner = { accountId: app.accountId, name: "development", granted: scopes };
  await storeKey(app.services.database, key, owner);
  ({ sandbox } = await connectTestSandbox(app));
  browser = await openBrowser();
  // Shorter than a test's, so that a failure names the step.
  browser.context.setDefaultTimeout(120_000);
  await blockForeignRequests(browser.context);
});

afterAll(async () => {
  await browser.close();
  await sandbox.close();
  await app.stop();
});

const isForeign = (url: URL): boolean =>
  /^(http|ws)s?:$/.test(url.protocol) && url.host !== new URL(app.url).host;

async function blockForeignRequests(context: BrowserContext): Promise<void> {
  await context.route(isForeign, (route) => {
    foreignRequests.push(route.request().url());
    return route.abort();
  });
  await context.routeWebSocket(isForeign, (socket) => {
    foreignRequests.push(socket.url());
    return socket.close();
  });
}

async function openGraphiql(): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(app.url);
  await page.getByRole("tab", { name: "Send" }).waitFor();
  return page;
}

const tabNames = ["Send", "Messages", "Watch", "Follow"] as const;
type TabName = (typeof tabNames)[number];

/**
 * By keyboard: the tabs slide into their places at first, away from under a mouse. Ready when GraphiQL has stored
 * the choice: by then it also knows which operation it would run.
 */
async function chooseTab(page: Page, name: TabName): Promise<void> {
  await page.getByTitle(name, { exact: true }).press("Enter");
  const active = tabNames.indexOf(name);
  const stored = `JSON.parse(localStorage.getItem("graphiql:tabState") ?? "{}").activeTabIndex`;
  // Not as a function that the page waits for: its policy lets nobody make code of text.
  await expect.poll(() => page.evaluate(stored)).toBe(active);
}

const play = (page: Page): Promise<void> => page.getByRole("button", { name: /^Execute query/ }).click();

const waitForResult = (page: Page, text: string): Promise<void> =>
  page.locator(".result-window").getByText(text).first().waitFor();

it("GraphiQL opens with tabs that send, query and subscribe, and with the key filled in", async () => {
  const page = await openGraphiql();
  expect(await page.title()).toBe("smsgraph");
  expect(await page.getByRole("tab").count()).toBe(graphiqlTabs.length);
  for (const name of tabNames) {
    await chooseTab(page, name);
    await page.locator(".graphiql-editor-tool").getByText(`"Bearer ${key}"`).waitFor();
  }
  await page.close();
});

/** The WebSocket messages of a page, whole and by their type, and where they go. */
function recordSockets(page: Page): { urls: string[]; types: string[]; texts: string[] } {
  const record = { urls: [] as string[], types: [] as string[], texts: [] as string[] };
  const note = ({ payload }: { payload: string | Buffer }): void => {
    record.texts.push(String(payload));
    record.types.push((JSON.parse(String(payload)) as { type: string }).type);
  };
  page.on("websocket", (socket) => {
    record.urls.push(socket.url());
    socket.on("framesent", note).on("framereceived", note);
  });
  return record;
}

it("GraphiQL shows a sent message become DELIVERED, live over a WebSocket", async () => {
  const watching = await openGraphiql();
  const { urls, types, texts } = recordSockets(watching);
  await chooseTab(watching, "Watch");
  await play(watching);
  await waitForResult(watching, '"cursor"');
  expect(urls).toEqual([`${app.url.replace("http", "ws")}/graphql`]);
  expect(types).toEqual(["connection_init", "connection_ack", "subscribe", "next"]);

  const sending = await openGraphiql();
  await chooseTab(sending, "Send");
  await play(sending);
  await waitForResult(sending, '"segments"');
  // GraphiQL shows the newest only: the receipt may have come before the provider's answer.
  await expect.poll(() => texts.some((text) => text.includes('"DELIVERED"'))).toBe(true);
  await waitForResult(watching, '"events"');
  await watching.screenshot({ path: screenshot });

  await chooseTab(sending, "Messages");
  await play(sending);
  await waitForResult(sending, '"DELIVERED"');
  await Promise.all([watching.close(), sending.close()]);
});

it("GraphiQL replaces tabs that the browser kept with the key of another database", async () => {
  const page = await openGraphiql();
  await page.evaluate(`
    localStorage.setItem("smsgraph:headers", "of another database");
    localStorage.setItem("graphiql:tabState", localStorage.getItem("graphiql:tabState").replaceAll("Bearer sg_", "Bearer old_"));
  `);
  await page.reload();
  const headers = page.locator(".graphiql-editor-tool");
  await headers.getByText(`"Bearer ${key}"`).waitFor();
  expect(await headers.getByText("Bearer old_").count()).toBe(0);
  await page.close();
});

it("GraphiQL loads nothing from other servers", () => {
  expect(foreignRequests).toEqual([]);
});

it("the tabs of GraphiQL fit the schema", () => {
  expect(graphiqlTabs.flatMap((query) => validate(schema, parse(query)))).toEqual([]);
});
