import type { ProviderHttp } from "../http.ts";
import type { ProviderClient } from "../provider.ts";
import { divideIntoRequests, submitMany } from "./bulk.ts";
import type { QikliSettings } from "./config.ts";
import { reconcile } from "./reconcile.ts";
import { check, drainReceipts, lacks, lookUp, noLogs } from "./reports.ts";
import { submit } from "./submit.ts";
import { createTransport } from "./transport.ts";

/** One Qikli account. */
export function createClient(settings: QikliSettings, http: ProviderHttp): ProviderClient {
  const transport = createTransport(settings, http);
  const { logs, timeZone } = settings;
  return {
    submit: (submission) => submit(transport, submission, settings),
    submitMany: (submissions) => submitMany(transport, submissions, settings),
    divide: divideIntoRequests,
    lookUp: async (messages) => (logs ? lookUp(transport, messages, timeZone) : noLogs),
    reconcile: (submissions, support) => reconcile(transport, submissions, support, settings),
    check: () => check(transport),
    balance: async () => lacks("balance to ask for"),
    rates: async () => lacks("rates to ask for"),
    drainReceipts: () => drainReceipts(transport),
  };
}
