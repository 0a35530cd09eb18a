import type { Viewer } from "../../access/api-keys.ts";
import { isUuid } from "../../lib/uuid.ts";
import { countryName, parseCountry } from "../../sms/countries.ts";
import { jsonReply } from "../../wire/exchange.ts";
import { balance, campaigns, invalid, messages, rate, refusals } from "../../wire/tikosms/answers.ts";
import { campaignQuery, messageQuery, rateQuery, read } from "../../wire/tikosms/requests.ts";
import { messageRows } from "../../wire/tikosms/rows.ts";
import type { ServedCall } from "../frame/call.ts";
import type { ServedAnswer } from "../frame/vendor.ts";
import { readBalance } from "../known/balances.ts";
import { findCampaign, isExpanding, listCampaigns, listCampaignsOfOne } from "../known/campaigns.ts";
import { messageOfCampaign } from "../known/ids.ts";
import { findMessage, messagesOf } from "../known/messages.ts";
import { findRate } from "../known/rates.ts";
import { campaignFacts, campaignOfOne, factsOf } from "./facts.ts";

/** The documentation has no pages; this limit keeps the answer bounded to the newest campaigns. */
const maxCampaignsListed = 1_000;

/** `GET get_message` */
export async function showMessages(call: ServedCall, viewer: Viewer, input: unknown): Promise<ServedAnswer> {
  const query = read(messageQuery, input);
  if (!query.ok) return invalid(query.problem);
  const { message_id: messageId, campaign_id: campaignId } = query.value;
  const { database } = call.services;
  const ofOne = campaignId === null ? undefined : messageOfCampaign(campaignId.toLowerCase());
  const id = (messageId ?? ofOne)?.toLowerCase();
  if (id === undefined) return showCampaign(call, viewer, campaignId?.toLowerCase() ?? "");
  const message = isUuid(id) ? await findMessage(database, viewer.accountId, id) : undefined;
  if (!message) return refusals.noMessages;
  const facts = factsOf(message);
  const isContradicting = campaignId !== null && campaignId.toLowerCase() !== facts.campaignId;
  return isContradicting ? refusals.noMessages : messages([facts]);
}

/**
 * The messages of a campaign, once all of them are made: a list without some of them would look as if those
 * were refused.
 */
async function showCampaign(call: ServedCall, viewer: Viewer, id: string): Promise<ServedAnswer> {
  const { database, clock } = call.services;
  const campaign = isUuid(id) ? await findCampaign(database, viewer.accountId, id) : undefined;
  if (!campaign || (await isExpanding(database, id))) return refusals.noMessages;
  const pages = messagesOf(database, id);
  const first = await pages.next();
  // Before its time a scheduled campaign has no messages: the documentation has no status for them.
  const isWaiting = first.done === true || (first.value[0]?.scheduledAt ?? clock.now()) > clock.now();
  if (first.done === true || isWaiting) return refusals.noMessages;
  const head = jsonReply(200, undefined);
  return { ...head, body: rowsOf(first.value, pages) };
}

type Page = Awaited<ReturnType<typeof messagesOf> extends AsyncGenerator<infer One> ? One : never>;

async function* rowsOf(first: Page, rest: AsyncIterable<Page>): AsyncGenerator<string> {
  const print = (page: Page): string =>
    page
      .flatMap((message) => messageRows(factsOf(message)))
      .map((row) => JSON.stringify(row))
      .join(",");
  yield `{"success":true,"data":[${print(first)}`;
  for await (const page of rest) yield `,${print(page)}`;
  yield "]}";
}

/** `GET get_messages` */
export async function showCampaigns(call: ServedCall, viewer: Viewer, input: unknown): Promise<ServedAnswer> {
  const query = read(campaignQuery, input);
  if (!query.ok) return invalid(query.problem);
  const { database } = call.services;
  const id = query.value.campaign_id?.toLowerCase();
  if (id === undefined) {
    const listed = [
      ...(await listCampaigns(database, viewer.accountId, maxCampaignsListed)),
      ...(await listCampaignsOfOne(database, viewer.accountId, maxCampaignsListed)),
    ].toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
    return campaigns(listed.slice(0, maxCampaignsListed).map(campaignFacts));
  }
  const ofOne = messageOfCampaign(id);
  if (ofOne !== undefined) {
    const message = await findMessage(database, viewer.accountId, ofOne);
    return message ? campaigns([campaignOfOne(message)]) : refusals.noCampaign;
  }
  const campaign = await findCampaign(database, viewer.accountId, id);
  return campaign ? campaigns([campaignFacts(campaign)]) : refusals.noCampaign;
}

/** `GET balance` */
export async function showBalance(call: ServedCall, viewer: Viewer): Promise<ServedAnswer> {
  const { database, clock } = call.services;
  const { updatedAt, currency, amount, creditLimit } = await readBalance(database, viewer.accountId);
  return balance({
    updatedAt: (updatedAt ?? clock.now()).getTime(),
    currency,
    amount: Number(amount),
    creditLimit: Math.trunc(Number(creditLimit)),
  });
}

/** `GET sms-rates` */
export async function showRate(call: ServedCall, viewer: Viewer, input: unknown): Promise<ServedAnswer> {
  const query = read(rateQuery, input);
  if (!query.ok) return invalid(query.problem);
  const [, mcc, mnc] = /^(\d{3})(\d{0,3})$/.exec(query.value.mccmnc) ?? [];
  if (mcc === undefined) return refusals.noSmsRate;
  const { database, clock } = call.services;
  const network = { mcc, mnc: mnc ? Number(mnc) : undefined };
  const found = await findRate(database, viewer.accountId, network, clock.now());
  const { country } = query.value;
  const isElsewhere = country !== null && found?.country != null && parseCountry(country) !== found.country;
  if (!found || isElsewhere) return refusals.noSmsRate;
  return rate({
    mcc,
    mnc: found.mnc ?? (mnc || "000"),
    country: (found.country && countryName(found.country)) ?? "International",
    price: found.price,
    from: found.validFrom.getTime(),
    until: found.validUntil?.getTime(),
  });
}
