import type { ProviderHttp } from "../http.ts";
import type { ProviderClient } from "../provider.ts";
import { balance, check, rates } from "./account.ts";
import { divideIntoCampaigns, submitMany } from "./bulk.ts";
import type { TikosmsSettings } from "./config.ts";
import { lookUp } from "./look-up.ts";
import { reconcile } from "./reconcile.ts";
import { submit } from "./submit.ts";
import { createTransport } from "./transport.ts";

/** One TikoSMS account. */
export function createClient(settings: TikosmsSettings, http: ProviderHttp): ProviderClient {
  const transport = createTransport(settings, http);
  const { timeZone } = settings;
  return {
    submit: (submission) => submit(transport, submission),
    submitMany: (submissions) => submitMany(transport, submissions),
    divide: divideIntoCampaigns,
    lookUp: (messages) => lookUp(transport, messages, timeZone),
    reconcile: (submissions, support) => reconcile(transport, submissions, support, timeZone),
    check: () => check(transport, timeZone),
    balance: () => balance(transport, timeZone),
    rates: (query) => rates(transport, query, timeZone),
  };
}
