import { afterAll, beforeAll, expect, it } from "vitest";
import { exportMessages } from "../../src/campaigns/export.ts";
import { readRecipientFile } from "../../src/campaigns/intake/recipient-file.ts";
import { parseTemplate } from "../../src/campaigns/intake/template.ts";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { newMessageId } from "../../src/lib/uuid.ts";
import type { E164 } from "../../src/providers/provider.ts";
import { openMessageStore, type MessageStore } from "../support/stored-messages.ts";

let store: MessageStore;
let campaignId: string;
let ids: string[];

const references = [
  "=1+1",
  "+421",
  "-2",
  "@sum",
  "\t=1",
  "'quoted",
  "0012",
  "421901000000",
  "1E5",
  " with spaces ",
  "Žofia",
  'a,"b";c',
  "two\nlines",
  "a\rb",
  "order-1",
  "1-2",
  "3/4/26",
  "1.50",
  ".5",
  "(5)",
  "12:30",
  "1.5E+10",
  "MAR1",
  "2-Sept",
  "May 2026",
  "6:30 pm",
  "5%",
  "true",
  "'1-2",
];

beforeAll(async () => {
  store = await openMessageStore();
  campaignId = await store.createCampaign();
  ids = references.map(() => newMessageId(new Date())).toSorted();
  await store.store(
    references.map((clientRef, place) => ({
      id: ids[place] ?? "",
      recipient: `+42190100${String(place).padStart(4, "0")}` as E164,
      clientRef,
      text: "=Hello; you",
    })),
  );
  // A provider clock in whole seconds: the delivery seems to come before the submission.
  await store.database.pool.query(
    `update messages set campaign_id = $1, submitted_at = '2026-01-31T08:00:00.700Z', sent_at = '2026-01-31T08:00:00Z',
      delivered_at = '2026-01-31T08:00:00Z'`,
    [campaignId],
  );
});

afterAll(() => store.close());

async function exported(delimiter: "," | ";" = ","): Promise<string> {
  let file = "";
  const form = { statuses: undefined, delimiter, idOf: (id: string) => encodeId("Message", id) };
  for await (const lines of exportMessages(store.database, campaignId, form)) file += lines;
  return file;
}

async function readBack(file: string, text = "Hello") {
  const rows = [];
  const bytes = (async function* () {
    yield await Promise.resolve(Buffer.from(file));
  })();
  for await (const part of await readRecipientFile(bytes, parseTemplate(text))) rows.push(...part);
  return rows;
}

it("a campaign's export opens in a spreadsheet: marked as UTF-8, without formulas or bare numbers", async () => {
  const file = await exported();
  expect(file.startsWith("\uFEFFto,client_ref,status,")).toBe(true);
  expect(file).toContain("Žofia");
  const cells = file.slice(1).split(/\r\n|,(?=(?:[^"]*"[^"]*")*[^"]*$)/);
  expect(cells.filter((cell) => /^"?[=+\-@\t\r]/.test(cell) || /^"?\d{12,}"?$/.test(cell))).toEqual([]);
});

it.each([",", ";"] as const)(
  "importing an exported file again gives the same numbers and references, with delimiter %s",
  async (delimiter) => {
    const rows = await readBack(await exported(delimiter), "{{text}}");
    const numbers = references.map((_, place) => `+42190100${String(place).padStart(4, "0")}`);
    expect(rows.map(({ to }) => to)).toEqual(numbers);
    expect(rows.map(({ clientRef }) => clientRef)).toEqual(references);
    expect(new Set(rows.flatMap(({ values }) => values))).toEqual(new Set(["=Hello; you"]));
  },
);

it("an export has global ids and no delivery time before the submission", async () => {
  const names = ["id", "submitted_at", "sent_at", "delivered_at", "provider", "created_at"];
  const rows = await readBack(await exported(), names.map((name) => `{{${name}}}`).join(""));
  expect(rows.map(({ values }) => decodeId("Message", values[0] ?? ""))).toEqual(ids);
  for (const { values } of rows) expect(values[3]?.localeCompare(values[1] ?? "")).toBe(0);
});
