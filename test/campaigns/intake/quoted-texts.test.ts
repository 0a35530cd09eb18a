import { expect, test } from "vitest";
import { textsOf } from "../../../src/campaigns/intake/quoted-texts.ts";
import { Slices } from "../../../src/lib/slices.ts";

const slices = new Slices("account");

test("texts that would be far longer together than what was sent are not made", async () => {
  const recipients = Array.from({ length: 2_000 }, () => ({ to: "+421901000000", values: { a: "x" } }));
  await expect(textsOf(`{{a}}${"x".repeat(39_000)}`, recipients, slices)).rejects.toThrow(
    /Quote fewer recipients/,
  );
  expect(await textsOf("{{a}}", recipients, slices)).toHaveLength(2_000);
});

test("a text of any length is not looked through for placeholders", async () => {
  const text = Array.from({ length: 10_000 }, (_, index) => `{{a${index}}}`).join("");
  await expect(textsOf(text, [{ to: "+421901000000", values: {} }], slices)).rejects.toThrow(
    /more than 40000/,
  );
});
