import { z } from "zod";
import {
  count,
  decimal,
  fastReader,
  fieldErrors,
  flag,
  listReader,
  readAmount,
  readCount,
  reader,
  readText,
  text,
} from "../wire/fields.ts";

/**
 * Fields that every answer may have, success or error (TikoSMS documentation; `message` and `errors` are
 * Laravel's).
 */
const envelope = z.object({ success: flag, error: text, message: text, errors: fieldErrors });
export type Envelope = z.infer<typeof envelope>;

const submitReply = z.object({ message_id: text, campaign_id: text });

/** A delivery report: the content of a callback, or a row of `get_message`. */
export const readReport = fastReader({
  message_id: readText,
  campaign_id: readText,
  to: readText,
  client_ref: readText,
  status: readText,
  sent_at: readText,
  delivered_at: readText,
  timestamp: readText,
  mccmnc: readText,
  cost: readAmount,
  part: readCount,
  total_parts: readCount,
});
export type Report = NonNullable<ReturnType<typeof readReport>>;

const campaign = z.object({
  campaign_id: text,
  sender: text,
  message: text,
  recipients: count,
  created_at: text,
});
export type Campaign = z.infer<typeof campaign>;

const balance = z.object({
  balance_updated: text,
  currency_code: text,
  balance: decimal,
  in_credit_limit: decimal,
});

const rate = z.object({
  mcc: text,
  mnc: text,
  mccmnc: text,
  country: text,
  rate: decimal,
  rate_start_date: text,
  rate_end_date: text,
});
export type Rate = z.infer<typeof rate>;

export const readEnvelope = reader(envelope);
export const readSubmitReply = reader(submitReply);
export const readBalance = reader(balance);
/** Undefined when there is no list. An element that is not an object is left out. */
export const readReports = listReader("data", readReport);
export const readCampaigns = listReader("campaigns", reader(campaign));
export const readRates = listReader("rate", reader(rate));
