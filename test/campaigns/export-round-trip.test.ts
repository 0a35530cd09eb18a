import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  oneof,
  record,
  string,
  stringMatching,
} from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exportMessages } from "../../src/campaigns/export.ts";
import { readRecipientFile } from "../../src/campaigns/intake/recipient-file.ts";
import { parseTemplate } from "../../src/campaigns/intake/template.ts";
import { newMessageId } from "../../src/lib/uuid.ts";
import type { E164 } from "../../src/providers/provider.ts";
import { runs } from "../support/runs.ts";
import { openMessageStore, type MessageStore } from "../support/stored-messages.ts";

let store: MessageStore;

beforeAll(async () => {
  store = await openMessageStore();
});

afterAll(() => store.close());

/** What makes trouble in spreadsheets and in CSV, in any mixture. */
const pieces = constantFrom(
  ...'=+-@\'"""\';,|\t\r\n 0123456789eE.:/%()’“”＝＋žŠ漢😀\u200b\u00a0\u2028\ufeff'.split(""),
  "\r\n",
  "sep=;",
  "true",
  "MAR",
  "Joe",
);
const nasty = array(pieces, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(""));
const numeric = stringMatching(/^[+-]?\d{1,16}([.,/:-]\d{1,4}){0,2}$/);
const any = string({ unit: "grapheme", minLength: 1, maxLength: 40 });

const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes("\0") && text !== "";
const value = oneof(nasty, numeric, any).filter(isStorable);
const message = record({ clientRef: value, text: value });

async function storeCampaign(messages: readonly { clientRef: string; text: string }[]): Promise<string> {
  const campaignId = await store.createCampaign();
  const ids = messages.map(() => newMessageId(new Date())).toSorted();
  await store.store(
    messages.map((one, place) => ({
      ...one,
      id: ids[place] ?? "",
      recipient: `+42190100${String(place).padStart(4, "0")}` as E164,
    })),
  );
  await store.database.pool.query("update messages set campaign_id = $1 where id = any ($2::uuid[])", [
    campaignId,
    ids,
  ]);
  return campaignId;
}

async function exported(campaignId: string, delimiter: "," | ";"): Promise<Buffer> {
  let file = "";
  const form = { statuses: undefined, delimiter, idOf: (id: string) => id };
  for await (const lines of exportMessages(store.database, campaignId, form)) file += lines;
  return Buffer.from(file);
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 1_000) yield bytes.subarray(start, start + 1_000);
}

it("what an export writes is read as a campaign with every number, reference and text kept, and no cell is a formula", async () => {
  const property = asyncProperty(
    array(message, { minLength: 1, maxLength: 30 }),
    constantFrom(",", ";"),
    async (messages, delimiter) => {
      const file = await exported(await storeCampaign(messages), delimiter);
      const rows = [];
      const source = await readRecipientFile(inPieces(file), parseTemplate("{{text}}"));
      for await (const part of source) rows.push(...part);
      expect(rows.map(({ to, clientRef, values }) => ({ to, clientRef, text: values[0] }))).toEqual(
        messages.map(({ clientRef, text }, place) => ({
          to: `+42190100${String(place).padStart(4, "0")}`,
          clientRef,
          text,
        })),
      );
      expect(source.reading.file).toMatchObject({ encoding: "utf-8", separator: delimiter });
      expect(formulasIn(file, delimiter)).toEqual([]);
    },
  );
  await assert(property, runs(25));
});

/** Cells that a spreadsheet would calculate. */
function formulasIn(file: Buffer, delimiter: string): string[] {
  const cell = new RegExp(`(?<=^|[${delimiter}\\n])(?:"((?:[^"]|"")*)"|[^${delimiter}\\r\\n"]*)`, "g");
  return [...file.toString("utf8").slice(1).matchAll(cell)]
    .map(([written, quoted]) => quoted ?? written)
    .filter((text) => /^[=+\-@\t\r＝＋－＠]/.test(text));
}
