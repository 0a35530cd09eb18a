import { jsonReply, type WireAnswer } from "../exchange.ts";
import { requestProblems } from "../laravel.ts";
import type { ValidationProblem } from "./requests.ts";
import {
  balanceBody,
  campaignRow,
  messageRows,
  rateRow,
  type BalanceFacts,
  type CampaignFacts,
  type MessageFacts,
  type RateFacts,
} from "./rows.ts";

/** The vendor's own error format; those of Laravel's router have a `message` instead. */
export function unsuccessful(status: number, error: string): WireAnswer {
  return jsonReply(status, { success: false, error });
}

/** The documented error, with the fields that Laravel's validator names. */
export const invalid = (problem: ValidationProblem): WireAnswer =>
  jsonReply(422, { success: false, error: problem.message, ...problem });

export const refusals = {
  unauthenticated: jsonReply(401, { error: "User not authenticated" }),
  noRate: unsuccessful(
    403,
    "No SMS rate is available for this destination for your account. Please contact sales team.",
  ),
  unknownNumber: unsuccessful(
    422,
    "Oops! We couldn't find this number in any country on Earth. Mind giving it another look?",
  ),
  invalidCallbackUrl: unsuccessful(422, "Invalid callback URL provided"),
  noCampaign: unsuccessful(404, "Campaign not found"),
  noMessages: unsuccessful(404, "Message(s) not found"),
  noSmsRate: unsuccessful(404, "No SMS rate found for this destination."),
  notJson: unsuccessful(415, requestProblems.notJson),
  brokenJson: unsuccessful(400, requestProblems.brokenJson),
  tooLarge: unsuccessful(413, requestProblems.tooLarge),
};

export const accepted = (messageId: string, campaignId: string): WireAnswer =>
  jsonReply(200, { success: true, message_id: messageId, campaign_id: campaignId });

export const acceptedMany = (campaignId: string, recipients: number, duplicates: number): WireAnswer =>
  jsonReply(200, {
    success: true,
    campaign_id: campaignId,
    recipients,
    duplicates_removed: duplicates,
  });

export const balance = (facts: BalanceFacts): WireAnswer => jsonReply(200, balanceBody(facts));

export const rate = (facts: RateFacts): WireAnswer => jsonReply(200, { success: true, rate: rateRow(facts) });

export const campaigns = (facts: readonly CampaignFacts[]): WireAnswer =>
  jsonReply(200, { success: true, campaigns: facts.map(campaignRow) });

export const messages = (facts: readonly MessageFacts[]): WireAnswer =>
  jsonReply(200, { success: true, data: facts.flatMap(messageRows) });
