import { describe, expect, it } from "vitest";
import type { Accepted } from "../../../src/campaigns/intake/check.ts";
import { readRecipientFile } from "../../../src/campaigns/intake/recipient-file.ts";
import {
  readInline,
  type RecipientRow,
  type RecipientSource,
} from "../../../src/campaigns/intake/recipients.ts";
import { ImportBuffer } from "../../../src/campaigns/intake/store-recipients.ts";
import { parseTemplate } from "../../../src/campaigns/intake/template.ts";
import type { E164 } from "../../../src/providers/provider.ts";
import { inlineRow, workbookParts, zipOf } from "../../support/zip.ts";

const template = parseTemplate("Hello");

const rowsOf = async (source: RecipientSource): Promise<RecipientRow[]> =>
  (await Array.fromAsync(source)).flat();

const acceptedWith = (given: RecipientRow["given"]): Accepted => ({
  position: 2,
  to: "+421901000001" as E164,
  clientRef: null,
  text: "Hello",
  ...(given && { given }),
  shape: {
    country: "SK",
    providerId: "00000000-0000-0000-0000-000000000000",
    sender: "Acme",
    encoding: "GSM7",
    segments: 1,
    route: { reason: "DEFAULT" } as unknown as Accepted["shape"]["route"],
    cost: undefined,
  },
});

describe("the values of a recipient", () => {
  it("of a workbook with a thousand columns are those that its row has", async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => (index === 0 ? "to" : `c${index}`));
    const row = '<row><c><v>421901000001</v></c><c r="ALL3"><v>1</v></c></row>';
    const workbook = zipOf(workbookParts(inlineRow(names) + row));
    async function* file(): AsyncGenerator<Uint8Array> {
      yield workbook;
    }
    const source = await readRecipientFile(file(), template, [], { keepsValues: true });
    expect(source.valueNames).toEqual(names.slice(1));
    expect((await rowsOf(source)).map(({ given }) => given)).toEqual([[[998, "1"]]]);
  });

  it("of a list with a thousand names are those that it was given", async () => {
    const recipients = Array.from({ length: 1_000 }, (_, index) => ({
      to: "+421901000001",
      values: { [`c${index}`]: index },
    }));
    const rows = await rowsOf(readInline(recipients, template, { keepsValues: true }));
    expect(rows.map(({ given }) => given?.map(([, value]) => value))).toEqual(
      recipients.map((_, index) => [String(index)]),
    );
  });

  it("take what they hold when they are stored, and count as their characters, wherever they are", () => {
    const buffer = new ImportBuffer("Hello");
    const accepted = Array.from({ length: 2_500 }, () => acceptedWith([[998, "1"]]));
    // With something for each column that is empty, they would be more than a campaign may have.
    for (let part = 0; part < 50; part++) {
      buffer.add({ accepted, refused: [] });
      const { given } = buffer.take();
      expect(String(given).length).toBeLessThan(accepted.length * 20);
    }
  });

  it("are stored in smaller portions where there are many of them", () => {
    const buffer = new ImportBuffer("Hello");
    const many = Array.from({ length: 1_000 }, (_, place) => [place, "x".repeat(9)] as const);
    const accepted = [acceptedWith(many)];
    while (!buffer.isFull) buffer.add({ accepted, refused: [] });
    expect(buffer.size).toBeLessThan(500);
  });
});
