import { InvalidInputError, InvalidTextError } from "../../lib/errors.ts";
import type { Slices } from "../../lib/slices.ts";
import type { QuotedRecipient } from "../../messages/accept/quote.ts";
import { readInline, type RecipientInput } from "./recipients.ts";
import { parseTemplate } from "./template.ts";

const missingValue = new InvalidTextError("There is no value for a placeholder of the text.");

/** Characters of all texts: 100,000 of four segments. A short request can ask for a thousand times as much. */
const maxTogether = 64_000_000;

const tooMuch = () =>
  new InvalidInputError(
    "recipients",
    `Their texts have more than ${maxTogether} characters together. Quote fewer recipients at once.`,
  );

/**
 * The text that each recipient would get from a campaign, with its placeholders filled in.
 * @throws InvalidTextError
 * @throws InvalidInputError
 */
export async function textsOf(
  text: string,
  recipients: readonly RecipientInput[],
  slices: Slices,
): Promise<QuotedRecipient[]> {
  const template = parseTemplate(text);
  const quoted: QuotedRecipient[] = [];
  let length = 0;
  for await (const rows of readInline(recipients, template)) {
    for (const { to, values } of rows) {
      if (slices.isOver) await slices.rest();
      const rendered = template.render(values);
      length += rendered?.length ?? 0;
      if (length > maxTogether) throw tooMuch();
      quoted.push(rendered === undefined ? { to, problem: missingValue } : { to, text: rendered });
    }
  }
  return quoted;
}
