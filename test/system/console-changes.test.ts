import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { consoleFolder, prepareConsole } from "../../src/development/console.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { openBrowser, type Browser } from "../support/browser.ts";
import { driveConsole, inspectPage, inspectPages, type ConsoleDriver } from "../support/console.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";

/** What is changed in the console after it was made, and what holds for everything. */

let app: TestApp;
let closeSandbox: () => Promise<void>;
let providerId: string;
let receiver: WebhookReceiver;
let browser: Browser;
let driver: ConsoleDriver;
/** The one tab that the tests go on in. */
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
const dialog = () => page.getByRole("dialog");
const press = (name: string): Promise<void> =>
  page.getByRole("button", { name, exact: true }).first().click();

/** A dialog is a page of its own to who works with it: it has to be without fault too. */
async function save(name: string): Promise<void> {
  expect(await inspectPage(page, `the dialog with ${name}`)).toEqual([]);
  await dialog().getByRole("button", { name, exact: true }).click();
}

const tomorrow = (): string => new Date(Date.now() + 86_400_000).toISOString().slice(0, 16);

it("a key is restricted to providers, senders and countries, and its receipts are posted to an address", async () => {
  await open("/access");
  await press("Create a key");
  await dialog().getByLabel("Name").fill("Shop");
  await dialog().getByText("What it may send", { exact: true }).click();
  await dialog().getByLabel("Sandbox", { exact: true }).check();
  await dialog().getByLabel("Only to these countries").fill("SK, CZ");
  await save("Create");
  await dialog().getByText("it is not shown again").waitFor();
  await press("Done");
  const row = page.getByRole("row").filter({ hasText: "Shop" });
  await row.getByText("only through 1 provider, only to SK, CZ").waitFor();

  await row.getByRole("button", { name: "Restrictions" }).click();
  expect(await dialog().getByLabel("Sandbox", { exact: true }).isChecked()).toBe(true);
  await dialog().getByLabel("Sandbox", { exact: true }).uncheck();
  await dialog().getByLabel("Only as these senders").fill("MyBrand");
  await dialog().getByLabel("Only to these countries").fill("nowhere");
  await save("Save");
  await dialog()
    .getByRole("alert")
    .getByText(/capital letters/)
    .waitFor();
  await dialog().getByLabel("Only to these countries").fill("SK");
  await save("Save");
  await row.getByText("only as MyBrand, only to SK").waitFor();

  await row.getByRole("button", { name: "Served APIs" }).click();
  await dialog().getByLabel("Where receipts are posted").fill(receiver.url);
  await dialog().getByLabel(/GET/).check();
  await save("Save");
  await row.getByText(`receipts to ${receiver.url}, requests by GET`).waitFor();
});

it("a key that makes keys but reads nothing restricts one by ids, and is told why it may not restrict another", async () => {
  const tab = await driver.openTab();
  await driver.signIn(tab, await app.createKey(["KEYS"]));
  await tab.goto(driver.address("/access"));
  const rowOf = (name: string) => tab.getByRole("row").filter({ hasText: name });
  const restrict = async (name: string): Promise<void> => {
    await rowOf(name).getByRole("button", { name: "Restrictions" }).click();
    await tab.getByLabel("Only through these providers").fill(providerId);
    await tab.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  };
  await restrict("Shop");
  await tab
    .getByRole("dialog")
    .getByRole("alert")
    .getByText(/may do no more than itself/)
    .waitFor();
  await tab.keyboard.press("Escape");
  await tab.getByRole("button", { name: "Create a key" }).click();
  await tab.getByLabel("Name").fill("Helper");
  await tab.getByLabel(/^KEYS/).check();
  await tab.getByRole("button", { name: "Create", exact: true }).click();
  await tab.getByRole("button", { name: "Done" }).click();
  await restrict("Helper");
  await rowOf("Helper").getByText("only through 1 provider").waitFor();
  await tab.close();
});

it("a webhook with the audit log is made, one with events is changed to some of them, and both say what they deliver", async () => {
  await open("/access?tab=webhooks");
  await press("Create a webhook");
  await dialog().getByLabel("Name").fill("Auditors");
  await dialog().getByLabel("Address").fill(receiver.url);
  await dialog().getByLabel("What it delivers").selectOption("AUDIT");
  await save("Create");
  await press("Done");
  await page.getByRole("row").filter({ hasText: "Auditors" }).getByText("Audit log").waitFor();
  await press("Create a webhook");
  await dialog().getByLabel("Name").fill("Events");
  await dialog().getByLabel("Address").fill(receiver.url);
  await save("Create");
  await press("Done");

  await page.getByRole("link", { name: "Events" }).click();
  await page.getByText("All events of messages").waitFor();
  await press("Change");
  await dialog().getByLabel("Name").fill("Failures");
  await dialog().getByText("Only some events of messages").click();
  await dialog().getByLabel("Provider").selectOption("Sandbox");
  await dialog().getByLabel("Undelivered").check();
  await dialog().getByLabel("Expired").check();
  await dialog().getByLabel("Leave out the texts").check();
  await save("Save");
  await page.getByRole("heading", { name: /^Failures/ }).waitFor();
  const details = page.getByRole("region", { name: "Details" });
  await details.getByText("Undelivered, Expired").waitFor();
  await details.getByText("Left out").waitFor();
  await details.getByRole("link", { name: "Sandbox" }).waitFor();
  await press("Change");
  expect(await dialog().getByLabel("Undelivered").isChecked()).toBe(true);
  await dialog().getByRole("button", { name: "Cancel" }).click();

  await open("/access?tab=webhooks");
  await page.getByRole("link", { name: "Auditors" }).click();
  const audit = page.getByRole("region", { name: "Details" });
  await audit.getByText("The audit log").waitFor();
  await page.getByRole("region", { name: "Deliveries" }).getByText("Delivered").first().waitFor();
});

it("a provider gets other credentials and takes callbacks from some addresses only", async () => {
  await open(`/providers/${providerId}`);
  await page.getByLabel("Callbacks only from").fill("here");
  await press("Save");
  await page.getByRole("alert").first().waitFor();
  await page.getByLabel("Callbacks only from").fill("127.0.0.0/8, ::1");
  await press("Save");
  await page.getByText("Saved").waitFor();
  await page.getByRole("region", { name: "What it can do" }).getByText("127.0.0.0/8, ::1").waitFor();
  await press("Connection");
  await dialog().getByLabel("API token").fill("an-old-one");
  await save("Save");
  await dialog().waitFor({ state: "detached" });
  await press("Check");
  await page.getByRole("alert").first().waitFor();
});

it("a campaign that waits is changed, tried out on one's own number, and stands on the overview once it has begun", async () => {
  await app.client.data(
    `mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { ... on Campaign { id } ... on Error { message } } }`,
    {
      input: {
        name: "Summer",
        text: "Hello {{name}}",
        scheduledAt: new Date(Date.now() + 86_400_000).toISOString(),
        recipients: [{ to: "+421901000103", values: { name: "Eva" } }],
      },
    },
  );
  await open("/campaigns");
  await page.getByRole("link", { name: "Summer" }).click();
  await press("Send a test");
  await dialog().getByLabel("To").fill("+421901000104");
  await save("Send");
  await page.getByText("The test is on its way").waitFor();
  await press("Change");
  await dialog().getByLabel("Name").fill("Late summer");
  await dialog().getByLabel("Most per second").fill("5");
  await dialog().getByLabel("Not before").fill("08:00");
  await dialog().getByLabel("Not after").fill("20:00");
  await dialog().getByLabel("Only from Monday").check();
  await dialog().getByLabel("Not on public holidays").check();
  await save("Save");
  await page.getByRole("heading", { name: /^Late summer/ }).waitFor();
  const facts = page.getByRole("region", { name: "Details" });
  await facts
    .getByText("08:00 to 20:00, Monday, Tuesday, Wednesday, Thursday, Friday, not on holidays")
    .waitFor();
  await press("Pause");
  await page.getByRole("heading", { name: /Paused/ }).waitFor();
  await open("/");
  const row = page.getByRole("region", { name: "Campaigns under way" }).getByRole("row").nth(1);
  await row.getByRole("link", { name: "Late summer" }).waitFor();
  await row.getByText("Paused").waitFor();
});

it("a message that waits is changed", async () => {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } } }`,
    {
      input: {
        to: "+421901000105",
        text: "Come at 8",
        scheduledAt: new Date(Date.now() + 3_600_000).toISOString(),
      },
    },
  );
  await open(`/messages/${sendMessage.id}`);
  await press("Change");
  await dialog().getByLabel("Text").fill("Come at 9");
  await dialog().getByLabel("Send at").fill(tomorrow());
  await save("Save");
  await page.getByRole("region", { name: "Text" }).getByText("Come at 9").waitFor();
});

it("a message is sent with a priority and a time that it is valid, and what may be had of everything is told", async () => {
  await open("/send");
  await page.getByLabel("To", { exact: true }).fill("+421901000107");
  await page.getByLabel("Text").fill("Urgent");
  await page.getByText("More", { exact: true }).click();
  await page.getByLabel("Priority").selectOption("HIGH");
  await page.getByLabel("If a provider does not answer").selectOption("ALLOW_POSSIBLE_DUPLICATE");
  await page.getByLabel("Minutes that it is valid").fill("30");
  await press("Send");
  const sent = page.getByLabel("The sent message");
  await sent.getByRole("region", { name: "Details" }).getByText("High").waitFor();
  await open("/access?tab=use");
  const quotas = page.getByRole("region", { name: "What the account may have" });
  await quotas.getByRole("row").filter({ hasText: "Providers" }).getByText("1", { exact: true }).waitFor();
});

it("a file whose encoding was found wrongly is read in the right one", async () => {
  await open("/campaigns/new");
  await page.getByLabel("File with recipients").setInputFiles({
    name: "Letters.csv",
    mimeType: "text/csv",
    // In windows-1250 this byte is an Ľ, in windows-1252 a ¼.
    buffer: Buffer.from([...Buffer.from("to;name\n+421901000108;"), 0xbc, ...Buffer.from("udka\n")]),
  });
  const rows = page.getByRole("group", { name: "The first rows" });
  await rows.waitFor();
  await page.getByLabel("Encoding").selectOption("windows-1252");
  await rows.getByText("¼udka").waitFor();
  await page.getByLabel("Encoding").selectOption("windows-1250");
  await rows.getByText("Ľudka").waitFor();
  await press("Continue");
  await page.getByLabel("Text").fill("Hello {{name}}");
  await press("Check");
  await page.getByText("Hello Ľudka", { exact: true }).waitFor();
});

it("the rules for all that is sent are changed, and refused in the API's words", async () => {
  await open("/routing?tab=rules");
  await page.getByLabel("Country of numbers without a code").fill("Slovakia");
  await press("Save");
  await page.getByRole("alert").first().waitFor();
  await page.getByLabel("Country of numbers without a code").fill("SK");
  await page.getByLabel("Senders that are registered").fill("MyBrand: CZ, HU\nOther: SK");
  await page.getByLabel("A sender that breaks a rule").selectOption("REFUSE");
  await press("Save");
  await page.getByText("Saved").waitFor();
  expect(
    await app.client.data(
      "{ sendingSettings { defaultCountry senderRules registeredSenders { sender countries } } }",
    ),
  ).toEqual({
    sendingSettings: {
      defaultCountry: "SK",
      senderRules: "REFUSE",
      registeredSenders: [
        { sender: "MyBrand", countries: ["CZ", "HU"] },
        { sender: "Other", countries: ["SK"] },
      ],
    },
  });
});

it("words to opt out with are added and taken away, and a person is erased", async () => {
  await open("/access?tab=opt-outs");
  const words = page.getByRole("region", { name: "What people write to opt out" });
  await words.getByRole("button", { name: "Change" }).click();
  await dialog().getByLabel("Language").last().fill("sk");
  await dialog().getByLabel("Words").last().fill("KONIEC, DOST");
  await dialog().getByLabel("Answer").last().fill("Dobre.");
  await save("Save");
  await words.getByRole("row").filter({ hasText: "KONIEC, DOST" }).getByText("Dobre.").waitFor();
  await words.getByRole("button", { name: "Change" }).click();
  await dialog().getByRole("group", { name: "sk" }).getByLabel("Language").fill("");
  await save("Save");
  await expect.poll(() => words.getByText("KONIEC").count()).toBe(0);

  await press("Erase a person");
  await dialog().getByLabel("Number", { exact: true }).fill("+421 901 000 105");
  await save("Erase for good");
  await page.getByText("Messages erased: 1, of which 1 waited and was cancelled. Callbacks: 0.").waitFor();
});

it("all refused rows of a file are downloaded before the campaign starts, however many they are", async () => {
  const bad = Array.from({ length: 250 }, (_, index) => `12${index},=1+1`);
  await open("/campaigns/new");
  await page.getByLabel("File with recipients").setInputFiles({
    name: "Autumn.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(["to,name", "+421901000106,Eva", "+421901000106,Eva again", ...bad].join("\n")),
  });
  await press("Continue");
  await page.getByLabel("Text").fill("Hello");
  await press("Check");
  await page.getByText("The first 20 of 250").waitFor();
  await page
    .getByRole("region", { name: "Repeated numbers, left out" })
    .getByText("3", { exact: true })
    .waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), press("Download all 250")]);
  expect(download.suggestedFilename()).toBe("Autumn refused.csv");
  const lines = (await readFile(await download.path(), "utf8")).trimEnd().split("\r\n");
  expect(lines).toHaveLength(251);
  expect(lines[0]).toBe("row,to,code,reason");
  expect(lines[250]).toMatch(/^253,12249,INVALID_PHONE_NUMBER,/);
  expect(await inspectPage(page, "the check")).toEqual([]);
});

it("what was changed is shown without violations for axe, light and dark, and fits a phone", async () => {
  const { webhooks } = await app.client.data<{ webhooks: { edges: { node: { id: string } }[] } }>(
    "{ webhooks(first: 2) { edges { node { id } } } }",
  );
  const paths = [
    "/",
    "/access",
    "/access?tab=webhooks",
    "/access?tab=opt-outs",
    ...webhooks.edges.map(({ node }) => `/access/webhooks/${node.id}`),
    `/providers/${providerId}`,
    "/routing?tab=rules",
    "/access?tab=use",
    "/send",
    "/messages?overdue=true",
  ];
  expect(
    await inspectPages(
      page,
      paths.map((path) => driver.address(path)),
    ),
  ).toEqual([]);
  expect(driver.problems).toEqual([]);
});
