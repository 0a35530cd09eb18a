import type { ProviderHttp } from "../http.ts";
import type { ProviderClient } from "../provider.ts";
import { lookUpEach } from "../wire/look-up.ts";
import { balance, check, noRates } from "./account.ts";
import { divideIntoLists, submitMany } from "./bulk.ts";
import type { TonkraSettings } from "./config.ts";
import { readInbound } from "./inbound.ts";
import { lookUpOne } from "./look-up.ts";
import { reconcile } from "./reconcile.ts";
import { submit } from "./submit.ts";
import { createTransport } from "./transport.ts";

/** One Tonkra account. */
export function createClient(settings: TonkraSettings, http: ProviderHttp): ProviderClient {
  const transport = createTransport(settings, http);
  const { timeZone } = settings;
  return {
    submit: (submission) => submit(transport, submission),
    submitMany: (submissions) => submitMany(transport, submissions),
    divide: divideIntoLists,
    lookUp: (messages) => lookUpEach(messages, (message) => lookUpOne(transport, message, timeZone)),
    reconcile: (submissions, support) => reconcile(transport, submissions, support, timeZone),
    check: () => check(transport),
    balance: () => balance(transport),
    readInbound: (since) => readInbound(transport, since, timeZone),
    rates: () => Promise.resolve(noRates),
  };
}
