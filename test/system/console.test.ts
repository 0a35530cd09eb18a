import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { Client } from "pg";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newKey } from "../../src/access/api-keys.ts";
import { startTikosmsSandbox, type TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { openBrowser, type Browser } from "../support/browser.ts";
import { driveConsole, inspectPages, type ConsoleDriver } from "../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { freePort, startProcess, type SmsgraphProcess } from "../support/process.ts";

const key = newKey();
const secretKey = randomBytes(32).toString("base64");
let database: TestDatabase;
let sandbox: TikosmsSandbox;
let server: SmsgraphProcess;
let port: number;
let client: GraphqlClient;
let browser: Browser;
/** The one tab that most tests go on in. */
let page: Page;
let driver: ConsoleDriver;

/** The whole server as a person starts it, so that it can be killed. What plays the provider outlives it. */
async function startServer(): Promise<SmsgraphProcess> {
  const started = startProcess({
    DATABASE_URL: database.url,
    SECRET_KEY: secretKey,
    DEVELOPMENT_KEY: key,
    PORT: String(port),
    SANDBOX: "false",
    LOG_LEVEL: "warn",
  });
  await started.ready;
  return started;
}

const address = (path: string): string => `http://localhost:${port}${path}`;

const choose = (name: string): Promise<void> =>
  page.getByRole("navigation").getByRole("link", { name, exact: true }).click();

beforeAll(async () => {
  [database, sandbox, port] = await Promise.all([
    createTestDatabase(),
    startTikosmsSandbox({ delays: { createMs: 20, updateMs: 60 } }),
    freePort(),
  ]);
  [server, browser] = await Promise.all([startServer(), openBrowser()]);
  client = new GraphqlClient(address(""), key);
  driver = driveConsole(browser, address(""));
  page = await driver.openTab();
  await driver.signIn(page);
});

afterAll(async () => {
  await browser.close();
  await server.end("SIGKILL");
  await sandbox.close();
  await database.drop();
});

describe("the console", () => {
  it("the console says where to begin while nothing is connected, and connects a provider", async () => {
    await choose("Providers");
    await page.getByText("No provider is connected").waitFor();
    await page.getByRole("link", { name: "Connect a provider" }).first().click();
    await page.getByLabel("Name").fill("Tiko");
    await page.getByLabel("API token").fill(sandbox.token);
    await page.getByLabel("Address of its API").fill("not an address");
    await page.getByLabel("Default sender").fill("smsgraph");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("alert").getByText("baseUrl").waitFor();
    await page.getByLabel("Address of its API").fill(sandbox.url);
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("heading", { name: /^Tiko/ }).waitFor();
    expect(await page.getByText("/callbacks/").textContent()).toContain(`:${port}/callbacks/`);
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page
      .getByRole("status")
      .getByText(/\(\d+ ms\)/)
      .waitFor();
  });

  it("the key stays in its tab", async () => {
    await page.reload();
    await page.getByRole("navigation").waitFor();
    const other = await driver.openTab();
    await other.goto(address("/messages"));
    await other.getByRole("button", { name: "Open the console" }).waitFor();
    expect(await other.evaluate("sessionStorage.length + document.cookie.length")).toBe(0);
    await other.close();
  });

  it("a wrong key is refused in the API's words", async () => {
    const other = await driver.openTab();
    await other.goto(address("/"));
    await other.getByLabel("API key").fill("sg_wrong");
    await other.getByRole("button", { name: "Open the console" }).click();
    await other
      .getByRole("alert")
      .getByText(/unknown or revoked/)
      .waitFor();
    expect(await other.getByRole("navigation").count()).toBe(0);
    await other.close();
  });

  it("the composer counts segments, shows what forces UCS-2, rewrites it, prices it, sends and follows the message", async () => {
    await choose("Send");
    await page.getByLabel("Text").fill("Its price is ’low’ " + "x".repeat(60));
    await page.getByText("2 segments").waitFor();
    expect(await page.locator("mark").allTextContents()).toEqual(["’", "’"]);
    await page.getByText("Saves 1 segment").waitFor();
    await page.getByRole("button", { name: "Rewrite to GSM-7" }).click();
    await page.getByText("1 segment", { exact: true }).waitFor();
    await page.getByLabel("What the sandbox does").selectOption("001");
    expect(await page.getByLabel("To", { exact: true }).inputValue()).toMatch(/001$/);
    await page.getByRole("region", { name: "Price by provider" }).getByText("Chosen").waitFor();
    await page.getByRole("button", { name: "Send", exact: true }).click();
    const sent = page.getByLabel("The sent message");
    await sent.getByRole("heading", { level: 1 }).getByText("Undelivered").waitFor();
    await sent.getByLabel("Timeline", { exact: true }).last().getByText("“UNDELIV”").waitFor();
    await page.getByLabel("To", { exact: true }).fill("12");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page
      .getByRole("alert")
      .getByText(/international/)
      .first()
      .waitFor();
  });

  it("rows change as receipts come, numbers are masked until they are shown, and the search is in the address", async () => {
    await choose("Messages");
    const rows = page.getByRole("table", { name: "Messages" }).getByRole("row");
    await rows.getByText("Undelivered").first().waitFor();
    await client.data(
      `mutation { sendMessage(input: { to: "+421901000000", text: "Seen at once", clientRef: "live" }) { ... on Message { id } } }`,
    );
    const live = rows.filter({ hasText: "Seen at once" });
    await live.getByText("Delivered").waitFor();
    expect(await live.textContent()).not.toContain("+421901000000");
    await page.getByRole("button", { name: "Show numbers" }).click();
    await live.getByText("+421901000000").waitFor();
    await page.getByLabel("Number, reference or id").fill("live");
    await page.getByRole("button", { name: "Search" }).click();
    await page.waitForURL(/[?&]search=live/);
    await expect.poll(() => rows.count()).toBe(2);
    await page.goBack();
    await expect.poll(() => rows.count()).toBe(3);
    await page.getByLabel("Status").selectOption("EXPIRED");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("No message fits this search").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await live.getByRole("link").click();
    await page.getByRole("heading", { name: /Delivered/ }).waitFor();
    await page.getByRole("region", { name: "Attempts" }).getByText("Accepted").waitFor();
    await page.getByRole("button", { name: "Hide numbers" }).click();
  });
});

const outcomes: Readonly<Record<string, string>> = {
  "001": "UNDELIVERED",
  "002": "EXPIRED",
  "003": "REJECTED",
};

/**
 * How the campaign ends by the provider's own book. What was claimed when the server died and never reached the provider
 * stays open: this provider has no way to prove that.
 */
function countsByTheBook(): Record<string, number> {
  const had = new Set(sandbox.book().map(({ to }) => to));
  const counts: Record<string, number> = {};
  for (const to of recipientNumbers()) {
    const status = had.has(to.slice(1)) ? (outcomes[to.slice(-3)] ?? "DELIVERED") : "OUTCOME_UNKNOWN";
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

function recipientNumbers(): string[] {
  const suffixes = ["100", "101", "102", "103", "104", "105", "106", "001", "002", "003"];
  return Array.from(
    { length: 1000 },
    (_, index) => `+42190${1000 + Math.floor(index / 10)}${suffixes[index % 10]}`,
  );
}

/** A thousand people, of whom each tenth gets one of three failures, and three rows that are wrong. */
function recipients(): string {
  const rows = recipientNumbers().map((to, index) => `${to};Person ${index}`);
  return ["Mobile;first_name", ...rows, "12;Short", ";None", `${rows[0]}`].join("\r\n");
}

async function countsInTable(): Promise<Record<string, number>> {
  const reader = new Client({ connectionString: database.url });
  await reader.connect();
  const { rows } = await reader.query<{ status: string; count: number }>(
    "select status, count(*)::int as count from messages where campaign_id is not null group by status",
  );
  await reader.end();
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

async function countsOnPage(): Promise<Record<string, number>> {
  const counts = await page
    .locator("[data-count]")
    .evaluateAll((all) =>
      all.map((one) => [one.getAttribute("data-count") ?? "", one.textContent ?? ""] as const),
    );
  return Object.fromEntries(counts.map(([status, text]) => [status, Number(text.replaceAll(",", ""))]));
}

const submittedOnPage = async (): Promise<number> => {
  const { QUEUED: _queued, SCHEDULED: _scheduled, ...others } = await countsOnPage();
  return Object.values(others).reduce((sum, count) => sum + count, 0);
};

it(
  "a campaign of a thousand is uploaded, started, paused, resumed and watched to its end, though the server is killed meanwhile",
  { timeout: 600_000 },
  async () => {
    await choose("Campaigns");
    await page.getByText("No campaigns yet").waitFor();
    await page.getByRole("link", { name: "New campaign" }).first().click();
    await page.getByLabel("File with recipients").setInputFiles({
      name: "Spring.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(recipients()),
    });
    expect(await page.getByLabel("Column with the numbers").inputValue()).toBe("Mobile");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Text").fill("Hello ");
    await page.getByRole("button", { name: "{{first_name}}" }).click();
    await page.getByLabel("Most per second").fill("150");
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("Hello Person 0", { exact: true }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /^Download/ }).click(),
    ]);
    expect(await readFile(await download.path(), "utf8")).toMatch(
      /^row,to,code,reason\r\n1002,12,INVALID_PHONE_NUMBER,/,
    );
    await page.getByRole("button", { name: "Send 1,000 messages" }).click();

    await page.getByRole("heading", { name: /Spring Running/ }).waitFor();
    await expect.poll(submittedOnPage).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("heading", { name: /Spring Paused/ }).waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("heading", { name: /Spring Running/ }).waitFor();

    await server.end("SIGKILL");
    await page.getByRole("status").getByText("Reconnecting").waitFor();
    await choose("Campaigns");
    await page.getByRole("alert").getByText("The server does not answer").waitFor();
    server = await startServer();
    // A page that was opened meanwhile comes by itself.
    await page.getByRole("link", { name: "Spring" }).click();
    await page.getByRole("status").getByText("Live").waitFor();
    // What it was submitting when it died is looked up at the provider, on a busy machine only after minutes.
    await expect
      .poll(async () => isDeepStrictEqual(await countsInTable(), countsByTheBook()), {
        timeout: 500_000,
        interval: 500,
      })
      .toBe(true);
    const ended = countsByTheBook();
    expect(Object.values(ended).reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(ended["OUTCOME_UNKNOWN"] ?? 0).toBeLessThan(200);
    await expect.poll(countsOnPage).toEqual(ended);
    await page
      .getByRole("region", { name: "By provider" })
      .getByRole("row", { name: /^Tiko .*1,000/ })
      .waitFor();
    await page.getByRole("heading", { name: /Spring Completed/ }).waitFor();

    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export" }).click(),
    ]);
    expect((await readFile(await file.path(), "utf8")).trimEnd().split("\n")).toHaveLength(1001);
    await page.getByRole("link", { name: "Show its messages" }).click();
    await page.waitForURL(/\/messages\?campaign=/);
    await expect
      .poll(() => page.getByRole("table", { name: "Messages" }).getByRole("row").count())
      .toBeGreaterThan(10);
  },
);

it("a campaign is sent again to those who did not get it, after a look at what that costs", async () => {
  await choose("Campaigns");
  await page.getByRole("link", { name: "Spring" }).click();
  const { UNDELIVERED = 0, REJECTED = 0 } = countsByTheBook();
  await page.getByRole("button", { name: "Send again to the failed" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(`Undelivered (${UNDELIVERED})`).waitFor();
  await dialog.getByLabel(/^Expired/).uncheck();
  await dialog.getByRole("button", { name: "Check" }).click();
  await dialog.getByRole("button", { name: `Send ${UNDELIVERED + REJECTED} messages` }).click();
  await page.getByRole("heading", { name: /Spring, again/ }).waitFor();
  // The sandbox does the same with these numbers again.
  await expect.poll(countsOnPage).toEqual({ UNDELIVERED, REJECTED });
});

it("the overview counts messages as they happen", async () => {
  await choose("Overview");
  await page.getByRole("region", { name: "Providers" }).getByText("Healthy").waitFor();
  const seen = page.getByText("Accepted per second").locator("xpath=following-sibling::dd");
  const numbers = Array.from({ length: 50 }, () => `{ to: "+421901000000", text: "Hello" }`).join();
  await client.data(`mutation { sendMessages(input: { messages: [${numbers}] }) { __typename } }`);
  await expect.poll(() => seen.textContent(), { interval: 100 }).not.toBe("0");
});

it("a number is tried: which provider would take it, and why", async () => {
  await choose("Routing");
  await page.getByRole("textbox", { name: "Number" }).fill("+421 901 000 000");
  await page.getByRole("button", { name: "Try" }).click();
  await page.getByRole("region", { name: "Route", exact: true }).getByText("Tiko").waitFor();
  await page.getByRole("tab", { name: "Policies" }).click();
  await page.getByText("No policies").waitFor();
  await page.getByRole("button", { name: "Add a policy" }).click();
  await page.getByLabel("Countries").fill("SK");
  await page.getByLabel("Tiko", { exact: true }).check();
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("listitem").getByText("SK").waitFor();
  await page.getByRole("tab", { name: "Rates" }).click();
  await page.waitForURL(/tab=rates/);
  await page.getByRole("region", { name: "Rates" }).getByText("Slovakia").waitFor();
});

it("a key is made and revoked, and what it may not do is not shown", async () => {
  await choose("Access");
  await page.getByRole("button", { name: "Create a key" }).click();
  await page.getByLabel("Name").fill("Reader");
  await page.getByLabel(/^SEND/).uncheck();
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const secret = await page.getByRole("dialog").locator("code").textContent();
  await page.getByRole("button", { name: "Done" }).click();
  const reader = await driver.openTab();
  await driver.signIn(reader, secret ?? "");
  const shown = await reader.getByRole("navigation").getByRole("link").allTextContents();
  expect(shown).toEqual(["Overview", "Messages", "Inbound", "Campaigns", "Providers", "Routing", "Access"]);
  await reader.goto(address("/campaigns"));
  await reader.getByRole("link", { name: "Spring", exact: true }).click();
  await reader.getByRole("button", { name: "Export" }).waitFor();
  expect(await reader.getByRole("button", { name: /Send again|Cancel/ }).count()).toBe(0);
  const row = page.getByRole("row").filter({ hasText: "Reader" });
  await row.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await row.getByText("Revoked").waitFor();
  await reader.getByRole("status").getByText("Not live").waitFor();
  await reader.close();
});

it("a webhook is made and tested, and says why its endpoint does not take it", async () => {
  await page.getByRole("tab", { name: "Webhooks" }).click();
  await page.getByRole("button", { name: "Create a webhook" }).first().click();
  await page.getByLabel("Name").fill("Shop");
  await page.getByLabel("Address").fill(`https://127.0.0.1:${await freePort()}/events`);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByText("whsec_").waitFor();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("link", { name: "Shop" }).click();
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByRole("alert").first().waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No webhooks").waitFor();
});

it("every page is without violations for axe, light and dark, and fits a phone", async () => {
  const { messages, campaigns, providers } = await client.data<{
    messages: { edges: { node: { id: string } }[] };
    campaigns: { edges: { node: { id: string } }[] };
    providers: { id: string }[];
  }>(
    "{ messages(first: 1) { edges { node { id } } } campaigns(first: 1) { edges { node { id } } } providers { id } }",
  );
  const paths = [
    "/",
    "/messages",
    `/messages/${messages.edges[0]?.node.id}`,
    "/inbound",
    "/send",
    "/campaigns",
    "/campaigns/new",
    `/campaigns/${campaigns.edges[0]?.node.id}`,
    "/providers",
    "/providers/connect",
    `/providers/${providers[0]?.id}`,
    "/routing",
    "/routing?tab=policies",
    "/routing?tab=rates",
    "/receipts",
    "/receipts?show=unmatched",
    "/access",
    "/access?tab=tokens",
    "/access?tab=webhooks",
    "/access?tab=opt-outs",
    "/access?tab=limits",
    "/access?tab=use",
    "/access?tab=audit",
    "/nowhere/at/all",
  ];
  const found = await inspectPages(page, paths.map(address));
  expect(found).toEqual([]);
});

it("the console asks nobody else, and breaks no policy", () => {
  expect(driver.problems).toEqual([]);
});
