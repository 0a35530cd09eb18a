import type { ProviderHttp } from "../http.ts";
import type { ProviderClient, SharedState } from "../provider.ts";
import { cadenceGroups, check, lookUpNumber } from "./account.ts";
import type { TelekomSettings } from "./config.ts";
import { lookUp } from "./look-up.ts";
import type { Now } from "./session.ts";
import { submit } from "./submit.ts";
import { createTransport } from "./transport.ts";

/** A client for one Telekom SK API key. `now` is the clock that measures how long a session is idle. */
export function createClient(
  settings: TelekomSettings,
  http: ProviderHttp,
  shared: SharedState,
  now?: Now,
): ProviderClient {
  const transport = createTransport(settings, http, shared, now);
  const { timeZone } = settings;
  return {
    submit: (submission) => submit(transport, submission, settings),
    lookUp: (messages) => lookUp(transport, messages, timeZone),
    // Telekom SK keeps no reference of ours and has no list or search, so a message without its id cannot be
    // looked up.
    reconcile: (submissions) =>
      Promise.resolve(
        submissions.map(() => ({ kind: "unavailable", ...without("way to find a message without its id") })),
      ),
    check: () => check(transport),
    balance: () => Promise.resolve({ ok: false, ...without("balance") }),
    rates: () => Promise.resolve({ ok: false, ...without("rates") }),
    cadenceGroups: () => cadenceGroups(transport),
    lookUpNumber: (number) => lookUpNumber(transport, number),
  };
}

function without(what: string) {
  return { problem: { kind: "refused", detail: `Telekom SK has no ${what}.` } } as const;
}
