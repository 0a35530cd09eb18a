import type { Submission, SubmitOutcome } from "../provider.ts";
import { type BulkReply, groupAlike, partsOf, submitInBulk } from "../wire/bulk.ts";
import { digitsOf } from "../wire/text.ts";
import { campaignOutcome, submit } from "./submit.ts";
import type { Transport } from "./transport.ts";

/**
 * Maximum messages in one campaign. TikoSMS takes 100,000 (TikoSMS OpenAPI), but it names them only in a list
 * without pages, which must fit into one answer. And one lost answer leaves all of them unknown.
 */
export const bulkSize = 1_000;

/** Maximum size of the list of one campaign: half of the longest answer that is read. */
const listBytes = 4 * 1024 * 1024;
/** A row of the list without its text: ids, numbers, times, the callback URL. */
const rowBytes = 900;
/** JSON may write each character of a text as `\u0000`. */
const characterBytes = 6;

/**
 * Submits messages of one sender ID and text as a campaign with many recipients. The answer has only the id
 * of the campaign. Each recipient carries our message id, by which receipts and look-ups find it.
 */
export function submitMany(
  transport: Transport,
  submissions: readonly Submission[],
): Promise<SubmitOutcome[]> {
  return submitInBulk(submissions, {
    divide: divideIntoCampaigns,
    submitOne: (submission) => submit(transport, submission),
    submitTogether: (campaign) => submitCampaign(transport, campaign),
  });
}

async function submitCampaign(transport: Transport, campaign: readonly Submission[]): Promise<BulkReply> {
  const [first] = campaign;
  const recipients = campaign.map(({ to, messageId }) => ({ to: digitsOf(to), client_ref: messageId }));
  const reply = await transport.post("/messages", {
    from: first?.from,
    message: first?.text,
    recipients,
    callback_url: first?.callbackUrl,
  });
  return { kind: "all", outcome: campaignOutcome(reply) };
}

/** TikoSMS drops the second of two equal numbers and does not say which message that was. */
export function divideIntoCampaigns(submissions: readonly Submission[]): Submission[][] {
  const groups = groupAlike(submissions, ({ from, text, callbackUrl }) => [from, text, callbackUrl]);
  return groups.flatMap((group) => partsOf(group, maxCampaignSize(group)));
}

/** The list has a row for each part of each message, with the whole text in each. */
function maxCampaignSize([first]: readonly Submission[]): number {
  if (first === undefined) return 1;
  const messageBytes = first.segments * (rowBytes + first.text.length * characterBytes);
  return Math.max(1, Math.min(bulkSize, Math.floor(listBytes / messageBytes)));
}
