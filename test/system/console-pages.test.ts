import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scopes, type Scope } from "../../src/access/scopes.ts";
import { consoleFolder, prepareConsole } from "../../src/development/console.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { openBrowser, type Browser } from "../support/browser.ts";
import { callbackUrlOf, post, update } from "../support/callbacks.ts";
import { driveConsole, inspectPages, type ConsoleDriver } from "../support/console.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";

let app: TestApp;
let closeSandbox: () => Promise<void>;
let providerId: string;
let callbackUrl: string;
let receiver: WebhookReceiver;
let browser: Browser;
let driver: ConsoleDriver;
/** A message that was delivered and answered. */
let answeredId: string;
/** The one tab that most tests go on in. */
let page: Page;

beforeAll(async () => {
  await prepareConsole();
  [app, browser, receiver] = await Promise.all([
    startTestApp({ consoleFolder, allowInsecureWebhooks: true }),
    openBrowser(),
    startWebhookReceiver(),
  ]);
  const connected = await connectTestSandbox(app);
  ({ providerId } = connected);
  closeSandbox = () => connected.sandbox.close();
  callbackUrl = await callbackUrlOf(app, providerId);
  driver = driveConsole(browser, app.url.replace("127.0.0.1", "localhost"));
  page = await driver.openTab();
  await driver.signIn(page, app.key);
});

afterAll(async () => {
  await browser.close();
  await app.stop();
  await Promise.all([closeSandbox(), receiver.close()]);
});

const open = (path: string): Promise<unknown> => page.goto(driver.address(path));

async function send(to: string, text = "Will you come?"): Promise<string> {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { message } } }",
    { input: { to, text } },
  );
  return sendMessage.id;
}

async function until(id: string, status: string): Promise<void> {
  const read = async (): Promise<string> =>
    (
      await app.client.data<{ message: { status: string } }>(
        "query ($id: ID!) { message(id: $id) { status } }",
        { id },
      )
    ).message.status;
  await expect.poll(read).toBe(status);
}

const query = (text: string, values: unknown[] = []): Promise<unknown> =>
  app.services.database.pool.query(text, values);

it("what the console loads at first is at most 250 KB as it is sent", async () => {
  const tab = await driver.openTab();
  const session = await tab.context().newCDPSession(tab);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const sizes: Promise<number>[] = [];
  tab.on("requestfinished", (request) => {
    if (!request.url().endsWith("/graphql"))
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await driver.signIn(tab, app.key);
  await tab.getByRole("img", { name: /per second/ }).waitFor();
  const sum = (await Promise.all(sizes)).reduce((all, size) => all + size, 0);
  expect(sum).toBeGreaterThan(50_000);
  expect(sum).toBeLessThanOrEqual(250_000);
  await tab.close();
});

it("numbers are put on the list of opt-outs, found, imported from a file and taken off", async () => {
  await open("/access?tab=opt-outs");
  await page.getByText("Everybody may be texted").waitFor();
  await page.getByLabel("Number", { exact: true }).fill("12");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("alert").first().waitFor();
  await page.getByLabel("Number", { exact: true }).fill("+421 901 222 333");
  await page.getByLabel("Why").fill("Asked by letter");
  await page.getByRole("button", { name: "Add" }).click();
  const rows = page.getByRole("table").getByRole("row");
  await rows.getByText("Asked by letter").waitFor();
  expect(await page.content()).not.toContain("+421901222333");
  await page.getByLabel("Import a file").setInputFiles({
    name: "stop.csv",
    mimeType: "text/csv",
    buffer: Buffer.from("number\n+421901222334\n+421901222333\nnonsense\n"),
  });
  await page.getByText("1 added, 1 known already, 1 could not be read.").waitFor();
  await page.getByLabel("Find a number").fill("+421901222334");
  await page.getByRole("button", { name: "Find" }).click();
  await expect.poll(() => rows.count()).toBe(2);
  await rows.getByRole("button", { name: "Take off" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take off" }).click();
  await page.getByText("This number is not on the list").waitFor();
});

const limits = async (): Promise<unknown> =>
  app.client.data("{ spendingLimits { allowedCountries caps { country } } }");

it("spending is capped by a sum and by countries, and the cap is removed", async () => {
  await open("/access?tab=limits");
  await page.getByText("There is no cap").waitFor();
  await page.getByLabel("Most").fill("a lot");
  await page.getByRole("button", { name: "Add a cap" }).click();
  await page.getByRole("alert").first().waitFor();
  await page.getByLabel("Most").fill("100");
  await page.getByRole("button", { name: "Add a cap" }).click();
  const caps = page.getByRole("region", { name: "Caps" });
  await caps.getByText("100 EUR").waitFor();
  await caps.getByRole("button", { name: "Remove" }).click();
  await page.getByText("There is no cap").waitFor();
  await page.getByLabel("Only these countries").fill("SK, CZ");
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(limits).toEqual({ spendingLimits: { allowedCountries: ["SK", "CZ"], caps: [] } });
});

it("a key with finer scopes and limits of its own is made, given other limits, rotated and revoked", async () => {
  await open("/access");
  await page.getByRole("button", { name: "Create a key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Billing");
  await dialog.getByLabel(/^READ/).uncheck();
  await dialog.getByLabel(/^SEND/).uncheck();
  await dialog.getByLabel(/^BILLING/).check();
  await dialog.getByText("Limits of this key alone").click();
  await dialog.getByLabel("Requests per second").fill("5");
  await dialog.getByLabel("Only from these addresses").fill("127.0.0.0/8, ::1");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await dialog.getByText("it is not shown again").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  const rows = page.getByRole("row").filter({ hasText: "Billing" });
  await rows.getByRole("cell", { name: /^BILLING/ }).waitFor();
  await rows.getByText("requests: 5 a second, only from 127.0.0.0/8").waitFor();

  await rows.getByRole("button", { name: "Limits" }).click();
  await dialog.getByLabel("Requests per second").fill("7");
  await dialog.getByRole("button", { name: "Save" }).click();
  await rows.getByText("requests: 7 a second").waitFor();

  await rows.getByRole("button", { name: "Rotate" }).click();
  await dialog.getByLabel("Hours until").fill("0");
  await dialog.getByRole("button", { name: "Make the successor" }).click();
  await dialog.getByText("it is not shown again").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await rows.getByText("Revoked").waitFor();
  await expect.poll(() => rows.count()).toBe(2);
  await rows.getByRole("button", { name: "Revoke" }).click();
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await expect.poll(() => rows.getByText("Revoked").count()).toBe(2);
});

it("watch tokens are made, listed with what they open, and revoked", async () => {
  const id = await send("+421901000100");
  await open("/access?tab=tokens");
  await page.getByText("No watch tokens").waitFor();
  await page.getByLabel("Id").fill(id);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const row = page.getByRole("row").filter({ hasText: "+421" });
  await row.getByText("+421•••••••00").waitFor();
  await row.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await row.getByText("Revoked").waitFor();
});

it("the audit log says who changed what, before and after, and is searched", async () => {
  await open("/access?tab=audit");
  const log = page.getByRole("list", { name: "Audit log" });
  await log.getByText("Watch token revoked").waitFor();
  await log.getByText("API key rotated").waitFor();
  await page.getByLabel("What was done").selectOption("SPENDING_LIMITS_SET");
  await page.getByRole("button", { name: "Search" }).click();
  // The entry that is sought is in the list before, too.
  await expect.poll(() => log.getByText("Watch token").count()).toBe(0);
  await log.getByText("SK, CZ").waitFor();
});

it("callbacks are shown as they came with what became of them, and those not understood are read again", async () => {
  const id = await send("+421901000005");
  await until(id, "SUBMITTED");
  const local = decodeId("Message", id);
  await post(callbackUrl, update({ client_ref: local, status: "SENT", phone: "421901000005" }));
  await post(callbackUrl, update({ message_id: randomUUID(), status: "DELIVRD" }));
  await post(callbackUrl, '{"strange":{}}');
  await open("/");
  await page.getByRole("link", { name: "Quarantined callbacks: Sandbox" }).click();
  const list = page.getByRole("list", { name: "Callbacks" });
  await list.getByText('{"strange":{}}').waitFor();
  await list.getByRole("button", { name: "Read again" }).click();
  await page.getByText("It is still not understood").waitFor();
  await page.getByRole("button", { name: "Read all again" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Read all again" }).click();
  await page.getByText("1 read again, 0 are understood now.").waitFor();
  await query("update callbacks set body = $1 where state = 'QUARANTINED'", [
    update({ client_ref: local, status: "DELIVRD" }),
  ]);
  await page.getByRole("button", { name: "Refresh" }).click();
  await list.getByRole("button", { name: "Read again" }).click();
  await page.getByText("All is well: there is none").waitFor();

  await page.getByLabel("Show").selectOption("unmatched");
  await page.getByRole("button", { name: "Search" }).click();
  await list.getByText("It waits for its message").waitFor();
  await expect.poll(() => list.getByText("As it came").count()).toBe(1);

  await open(`/messages/${id}`);
  const raw = page.getByRole("region", { name: "Raw callbacks" });
  await raw.getByText("As it came").last().click();
  const body = raw.locator("pre:visible");
  expect(await body.textContent()).toContain("4219••••••05");
  await page.getByRole("button", { name: "Show numbers" }).click();
  await body.getByText("421901000005").waitFor();
  await page.getByRole("button", { name: "Hide numbers" }).click();
});

it("what people write appears as they write it, with what it answers, and beside that", async () => {
  const id = await send("+421901000101");
  answeredId = id;
  await until(id, "DELIVERED");
  await open("/inbound");
  await page.getByText("Nobody has written yet").waitFor();
  await page.getByRole("status").getByText("Live").waitFor();
  await post(
    `${callbackUrl}/inbound`,
    JSON.stringify({ from: "+421901000101", to: "smsgraph", text: "Gladly" }),
  );
  const list = page.getByRole("list", { name: "Inbound messages" });
  await list.getByText("Gladly").waitFor();
  await list.getByRole("link", { name: "Will you come?" }).click();
  await page.getByRole("region", { name: "Replies" }).getByText("Gladly").waitFor();
  await page.getByRole("region", { name: "Replies" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: /Received/ }).waitFor();
  await page.getByText("In answer to").first().waitFor();
  await open("/inbound?from=%2B421901999999");
  await page.getByText("No message fits this search").waitFor();
});

it("a message whose outcome is unknown is settled, and one that was given up is sent again", async () => {
  const unknown = await send("+421901000011");
  await until(unknown, "OUTCOME_UNKNOWN");
  await open(`/messages/${unknown}`);
  await page.getByRole("button", { name: "Settle" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What became of it").selectOption("UNKNOWN");
  await dialog.getByLabel("Why").fill("They do not know either");
  await dialog.getByRole("button", { name: "Settle" }).click();
  await page.getByRole("heading", { name: /Unknown/ }).waitFor();
  await page.getByText("They do not know either").waitFor();
  await page.getByRole("button", { name: "Send again" }).click();
  await dialog.getByLabel("Why").fill("It is urgent");
  await dialog.getByRole("button", { name: "Send again" }).click();
  await page.waitForURL((url) => !url.pathname.endsWith(unknown));
  await page.getByText("+421•••••••11").first().waitFor();
});

it("a webhook shows each delivery with its answer, is replayed, disabled, enabled, and gets another secret", async () => {
  await open("/access?tab=webhooks");
  await page.getByRole("button", { name: "Create a webhook" }).first().click();
  await page.getByLabel("Name").fill("Shop");
  await page.getByLabel("Address").fill(receiver.url);
  await page.getByRole("button", { name: "Create", exact: true }).click();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("link", { name: "Shop" }).click();
  await page.getByText("Nothing was delivered yet").waitFor();
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByText(/Delivered: 204/).waitFor();
  await send("+421901000102");
  const deliveries = page.getByRole("region", { name: "Deliveries" });
  await deliveries.getByText("Delivered").first().waitFor();
  await deliveries.getByText("204").first().waitFor();
  await page.getByRole("button", { name: "New secret" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "New secret" }).click();
  await page.getByText("whsec_").waitFor();
  await page.getByRole("button", { name: "Replay the last hour" }).click();
  await page.getByText("delivered again").waitFor();
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("heading", { name: /Disabled/ }).waitFor();
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("heading", { name: /Active/ }).waitFor();
});

it("a workbook is dropped on the wizard, its columns are chosen, its bad rows are told, and the hours are the recipients'", async () => {
  await open("/campaigns/new");
  const bytes = await readFile("test/fixtures/spreadsheets/openpyxl.xlsx");
  const dropped = await page.evaluateHandle((base64) => {
    const content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], "Clients.xlsx"));
    return transfer;
  }, bytes.toString("base64"));
  await page.getByText("Drop a workbook or a CSV file here").dispatchEvent("drop", { dataTransfer: dropped });
  await page.getByText("Clients.xlsx").waitFor();
  const rows = page.getByRole("group", { name: "The first rows" });
  await rows.getByText('Žofia "Ž" Kováčová').waitFor();
  expect(await rows.textContent()).not.toContain("421901000001");
  await page.getByLabel("Column with the numbers").selectOption("Mobil");
  await page.getByLabel("Column with your references").selectOption("Ref");
  await page.getByLabel("Country of numbers without a code").fill("SK");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Text").fill("Dear ");
  await page.getByRole("button", { name: "{{Meno}}" }).click();
  await page.getByLabel("Not before").fill("00:00");
  await page.getByLabel("Not after").fill("23:59");
  await page.getByLabel("Only from Monday to Friday").check();
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText('Dear Žofia "Ž" Kováčová', { exact: true }).waitFor();
  await page.getByText("4 rows of the sheet").waitFor();
  await page.getByRole("region", { name: "Refused rows" }).getByRole("row").nth(1).waitFor();
  await page.getByRole("button", { name: "Back" }).click();
  expect(await page.getByLabel("Text").inputValue()).toContain("{{Meno}}");
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByLabel("File with recipients").setInputFiles({
    name: "letter.pdf",
    mimeType: "application/pdf",
    buffer: Buffer.from("%PDF-1.7"),
  });
  await page.getByRole("alert").getByText("not CSV or XLSX").waitFor();
  expect(await page.getByRole("button", { name: "Continue" }).isDisabled()).toBe(true);
});

it("everything that needs attention is on the overview, in plain words, and leads to where it is seen to", async () => {
  const provider = decodeId("Provider", providerId);
  const late = await send("+421901000005");
  await until(late, "SUBMITTED");
  await query("update providers set balance_low_since = now() where id = $1", [provider]);
  await query(
    "update lanes set no_credit_since = now(), breaker = 'OPEN', open_until = now() + interval '1 hour' where provider_id = $1",
    [provider],
  );
  await query(
    "insert into callbacks (provider_id, received_at, body, state) values ($1, now(), '?', 'QUARANTINED')",
    [provider],
  );
  await query("update parked_receipts set received_at = now() - interval '1 day'");
  await query(
    "update messages set submitted_at = now() - interval '1 day', listed_as = 'SENT' where id = $1",
    [decodeId("Message", late)],
  );
  const unknown = await send("+421901000011");
  await query("update messages set status = 'OUTCOME_UNKNOWN', listed_as = 'OUTCOME_UNKNOWN' where id = $1", [
    decodeId("Message", unknown),
  ]);
  const givenUp = await send("+421901000011");
  await query("update messages set status = 'UNKNOWN', listed_as = 'UNKNOWN' where id = $1", [
    decodeId("Message", givenUp),
  ]);
  await query(
    "update webhooks set enabled = false, disabled_at = now(), problem = 'Gone', revision = revision + 1 where name = 'Shop'",
  );
  await query(
    `insert into webhooks
      select (jsonb_populate_record(w, jsonb_build_object(
        'id', gen_random_uuid(), 'name', 'Other', 'enabled', true, 'failing_since', now(), 'retry_at', now() + interval '1 day'
      ))).* from webhooks as w where name = 'Shop'`,
  );
  await open("/");
  const list = page.getByRole("region", { name: "Needs attention" });
  await list.getByRole("link").first().waitFor();
  const links = await list
    .getByRole("link")
    .evaluateAll((all) => all.map((one) => [one.textContent, one.getAttribute("href")] as const));
  const hrefs = Object.fromEntries(links.map(([text, href]) => [text?.replace(/ \(.*/, ""), href ?? ""]));
  expect(hrefs).toEqual({
    "Low balance: Sandbox": expect.stringMatching(/^\/providers\//),
    "No credit: Sandbox": expect.stringMatching(/^\/providers\//),
    "Open breaker: Sandbox": expect.stringMatching(/^\/providers\//),
    "Quarantined callbacks: Sandbox": expect.stringMatching(/^\/receipts\?show=quarantined/),
    "Unmatched receipts: Sandbox": expect.stringMatching(/^\/receipts\?show=unmatched/),
    "Overdue messages: Sandbox": expect.stringMatching(/^\/messages\?(.*&)?overdue=true/),
    "Unknown outcomes": expect.stringMatching(/^\/messages\?status=.*OUTCOME_UNKNOWN/),
    "Given up messages": expect.stringMatching(/^\/messages\?status=.*UNKNOWN/),
    "Failing webhook": expect.stringMatching(/^\/access\/webhooks\//),
    "Disabled webhook": expect.stringMatching(/^\/access\/webhooks\//),
  });
  expect(await list.textContent()).not.toContain("`");
  await list.getByRole("link", { name: /^Overdue/ }).click();
  const rows = page.getByRole("table", { name: "Messages" }).getByRole("row");
  await rows.getByText("+421•••••••05").waitFor();
  await expect.poll(() => rows.count()).toBe(2);
  expect(await page.getByLabel("Status").inputValue()).toBe("overdue");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect.poll(() => rows.count()).toBeGreaterThan(2);
  await query("update lanes set no_credit_since = null, breaker = 'CLOSED' where provider_id = $1", [
    provider,
  ]);
});

it("times are in the zone of the viewer, and in UTC on hover", async () => {
  await open("/messages");
  const time = page.getByRole("table", { name: "Messages" }).locator("time").first();
  const at = (await time.getAttribute("datetime")) ?? "";
  expect(await time.getAttribute("title")).toBe(`${at.slice(0, 19).replace("T", " ")} UTC`);
  const local = await page.evaluate(
    (text) =>
      new Date(text).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    at,
  );
  expect(await time.textContent()).toContain(local);
});

it("the keyboard reaches everything: pages, tabs, forms and dialogs", async () => {
  await open("/");
  await page.getByRole("main").locator("h1").waitFor();
  const press = async (...keys: string[]): Promise<void> => {
    for (const each of keys) await page.keyboard.press(each);
  };
  const focused = (): Promise<string> =>
    page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name");
  await page.evaluate("document.activeElement.blur()");
  await press("Tab");
  expect(await focused()).toBe("Skip to the page");
  await press("Enter");
  expect(await page.evaluate("document.activeElement.id")).toBe("main");
  await page.getByRole("navigation").getByRole("link", { name: "Access" }).focus();
  await press("Enter");
  await page.getByRole("tab", { name: "API keys" }).waitFor();
  await page.getByRole("tab", { name: "API keys" }).focus();
  await press("ArrowRight", "Enter");
  await page.waitForURL(/tab=tokens/);
  await press("Home", "Enter");
  await page.waitForURL(/tab=keys/);
  const create = page.getByRole("button", { name: "Create a key" });
  await create.focus();
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  // The dialog takes the focus after it is shown.
  await expect
    .poll(() => page.evaluate("document.querySelector('[role=dialog]').contains(document.activeElement)"))
    .toBe(true);
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(focused).toBe("Create a key");
  const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
  expect(outline).not.toBe("none");
});

/** What each scope alone shows of the console. */
const shownTo: Readonly<Record<Scope, { pages: string[]; tabs: string[] }>> = {
  READ: {
    pages: ["Overview", "Messages", "Inbound", "Campaigns", "Providers", "Routing", "Access"],
    tabs: ["Watch tokens", "Opt-outs", "Spending limits", "Rate limits"],
  },
  SEND: { pages: [], tabs: [] },
  CAMPAIGNS: { pages: [], tabs: [] },
  BILLING: { pages: ["Routing", "Access"], tabs: ["Spending limits", "Rate limits"] },
  PROVIDERS: { pages: ["Routing"], tabs: [] },
  KEYS: { pages: ["Access"], tabs: ["API keys", "Watch tokens", "Rate limits"] },
  WEBHOOKS: { pages: ["Access"], tabs: ["Webhooks", "Rate limits"] },
  ADMIN: {
    pages: [
      "Overview",
      "Messages",
      "Inbound",
      "Send",
      "Campaigns",
      "Providers",
      "Routing",
      "Receipts",
      "Access",
    ],
    tabs: ["API keys", "Watch tokens", "Webhooks", "Opt-outs", "Spending limits", "Rate limits", "Audit log"],
  },
};

it("a key of each scope sees what it may, and nothing that it is refused", async () => {
  for (const scope of scopes) {
    const tab = await driver.openTab();
    const refusals: string[] = [];
    tab.on("response", (response) => {
      if (!response.url().endsWith("/graphql")) return;
      void response
        .text()
        .then((text) => text.includes("FORBIDDEN") && refusals.push(text.slice(0, 300)))
        .catch(() => undefined);
    });
    await driver.signIn(tab, await app.createKey([scope]));
    const navigation = tab.getByRole("navigation", { name: "Pages", exact: true });
    const { pages, tabs } = shownTo[scope];
    expect(await navigation.getByRole("link").allTextContents()).toEqual(pages);
    let tabsOfAccess: string[] = [];
    for (const name of pages) {
      await navigation.getByRole("link", { name, exact: true }).click();
      await tab.getByRole("heading", { level: 1, name }).waitFor();
      const shown = await tab.getByRole("tab").allTextContents();
      if (name === "Access") tabsOfAccess = shown;
      for (const each of shown) {
        await tab.getByRole("tab", { name: each }).click();
        await tab.locator(".loading").first().waitFor({ state: "detached" });
      }
      expect(await tab.getByRole("alert").allTextContents()).toEqual([]);
    }
    if (pages.length === 0) await tab.getByText("This key does not open this page").waitFor();
    expect(tabsOfAccess).toEqual(tabs);
    expect(refusals).toEqual([]);
    await tab.close();
  }
});

it("a key that may read and run campaigns has no button for what it may not", async () => {
  const tab = await driver.openTab();
  await driver.signIn(tab, await app.createKey(["READ", "CAMPAIGNS"]));
  await tab.goto(driver.address("/campaigns"));
  await tab.getByRole("link", { name: "New campaign" }).first().waitFor();
  await tab.goto(driver.address(`/providers/${providerId}`));
  await tab.getByRole("heading", { name: /Sandbox/ }).waitFor();
  expect(await tab.getByRole("main").getByRole("button").allTextContents()).toEqual([]);
  await tab.goto(driver.address("/access?tab=opt-outs"));
  await tab.getByRole("tab", { name: "Opt-outs" }).waitFor();
  expect(await tab.getByRole("button", { name: /Add|Take off/ }).count()).toBe(0);
  await tab.goto(driver.address("/receipts"));
  await tab.getByText("It needs the scope ADMIN").waitFor();
  await tab.close();
});

it("the pages that are full are without violations for axe too, light and dark, and fit a phone", async () => {
  const { webhooks } = await app.client.data<{ webhooks: { edges: { node: { id: string } }[] } }>(
    "{ webhooks(first: 1) { edges { node { id } } } }",
  );
  const paths = [
    "/",
    "/inbound",
    `/messages/${answeredId}`,
    "/receipts",
    "/access",
    "/access?tab=tokens",
    "/access?tab=webhooks",
    "/access?tab=opt-outs",
    "/access?tab=audit",
    `/access/webhooks/${webhooks.edges[0]?.node.id}`,
  ];
  expect(
    await inspectPages(
      page,
      paths.map((path) => driver.address(path)),
    ),
  ).toEqual([]);
});

it("no page asks anybody else, or breaks a policy", () => {
  expect(driver.problems).toEqual([]);
});
