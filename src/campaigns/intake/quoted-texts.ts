import { InvalidTextError } from "../../lib/errors.ts";
import type { QuotedRecipient } from "../../messages/accept/quote.ts";
import { readInline, type RecipientInput } from "./recipients.ts";
import { parseTemplate } from "./template.ts";

const missingValue = new InvalidTextError("There is no value for a placeholder of the text.");

/**
 * The text that each recipient would get from a campaign, with its placeholders filled in.
 * @throws InvalidTextError
 * @throws InvalidInputError
 */
export async function textsOf(
  text: string,
  recipients: readonly RecipientInput[],
): Promise<QuotedRecipient[]> {
  const template = parseTemplate(text);
  const quoted: QuotedRecipient[] = [];
  for await (const rows of readInline(recipients, template)) {
    for (const { to, values } of rows) {
      const rendered = template.render(values);
      quoted.push(rendered === undefined ? { to, problem: missingValue } : { to, text: rendered });
    }
  }
  return quoted;
}
