import { noteProblem } from "../../connections/note-problem.ts";
import { refreshBalance, type BalanceWatch } from "../../connections/refresh-balance.ts";
import type { Connection } from "../../connections/connections.ts";
import type { ProviderProblem, ProviderReply, RateQuery, RateReading } from "../../providers/provider.ts";
import { parseCountry } from "../../sms/countries.ts";
import { countryOf, networkKey, usualNetwork, type Network } from "./networks.ts";
import type { RateBooks } from "./rate-book.ts";
import { askAgainSoon, networksToAsk } from "./missing-rates.ts";
import { endRates, writeRates, type NewRate, type RateChanges } from "./rate-store.ts";

export interface RateFetching extends BalanceWatch {
  rateBooks: RateBooks;
}

/** Maximum requests per refresh; the rest follows with the next refresh. */
const maxQuestions = 500;
const atOnce = 4;

/** The provider's answers about the rates of some networks. */
interface FetchedRates {
  rates: NewRate[];
  /** Networks without a rate. */
  gone: Network[];
  problem: ProviderProblem | undefined;
}

/**
 * Asks for the rates of all destinations in use and stores the new ones. Answers that came before a failure
 * are kept.
 */
export async function refreshRates(
  services: RateFetching,
  connection: Connection,
): Promise<ProviderReply<RateChanges>> {
  const { database, clock } = services;
  const { id: providerId, accountId } = connection.row;
  const networks = await networksToAsk(database, { accountId, providerId }, clock.now());
  const reply = await fetchRates(services, connection, networks.slice(0, maxQuestions));
  if (!reply.ok) await askAgainSoon(database, providerId, clock.now());
  return reply;
}

/**
 * Asks for the rates of these networks and stores the new ones. Country codes must come before their
 * networks.
 */
export async function fetchRates(
  services: RateFetching,
  connection: Connection,
  networks: readonly Network[],
  country?: string,
): Promise<ProviderReply<RateChanges>> {
  const { database, clock, rateBooks } = services;
  const { id: providerId, accountId } = connection.row;
  const currency = await currencyOf(services, connection);
  if (!currency.ok) return currency;
  const { rates, gone, problem } = await ask(connection, networks, {
    now: clock.now(),
    currency: currency.value,
    country,
  });
  const changes = await database.transaction(async (transaction) => {
    const owner = { accountId, providerId, source: "FETCHED" } as const;
    const written = await writeRates(transaction, owner, rates, clock.now());
    const ended = await endRates(transaction, providerId, gone, clock.now());
    return { ...written, ended: written.ended + ended };
  });
  rateBooks.changed(accountId);
  if (problem) await noteProblem(database, connection, problem, clock.now());
  return problem ? { ok: false, problem } : { ok: true, value: changes };
}

/** Rates are in the currency of the account's balance (`RateReading`). */
async function currencyOf(services: RateFetching, connection: Connection): Promise<ProviderReply<string>> {
  const { currency } = connection.row;
  if (currency !== null) return { ok: true, value: currency };
  const reply = await refreshBalance(services, connection);
  if (!reply.ok) return reply;
  if (reply.value.currency !== null) return { ok: true, value: reply.value.currency };
  const detail = "It does not say in what currency its account is kept, so its rates cannot be read.";
  return { ok: false, problem: { kind: "unreadable", detail } };
}

interface RateTerms {
  now: Date;
  currency: string;
  country: string | undefined;
}

/**
 * Asks for a few networks at a time. The answer for a country code may make the questions about its networks
 * unnecessary.
 */
async function ask(
  connection: Connection,
  networks: readonly Network[],
  terms: RateTerms,
): Promise<FetchedRates> {
  const fetched: FetchedRates = { rates: [], gone: [], problem: undefined };
  const answered = new Set<string>();
  const stages = [networks.filter(({ mnc }) => mnc === null), networks.filter(({ mnc }) => mnc !== null)];
  for (const stage of stages) {
    const waiting = stage.filter((network) => !answered.has(networkKey(network)));
    while (waiting.length > 0 && !fetched.problem) {
      await Promise.all(
        waiting.splice(0, atOnce).map(async (network) => {
          const reply = await connection.client.rates(queryOf(network, terms.country));
          if (!reply.ok) return void (fetched.problem ??= reply.problem);
          for (const reading of reply.value) {
            const rate = toRate(reading, terms);
            answered.add(networkKey(rate));
            fetched.rates.push(rate);
          }
          fetched.gone.push(network);
        }),
      );
    }
  }
  return { ...fetched, gone: fetched.gone.filter((network) => !answered.has(networkKey(network))) };
}

const queryOf = ({ mcc, mnc }: Network, country: string | undefined): RateQuery => ({
  mccmnc: mcc + (mnc ?? ""),
  ...(country !== undefined && { country }),
});

function toRate(reading: RateReading, { now, currency }: RateTerms): NewRate {
  const network = usualNetwork({ mcc: reading.mcc, mnc: reading.mnc ?? null });
  const named = reading.country === undefined ? undefined : parseCountry(reading.country);
  return {
    ...network,
    country: named ?? countryOf(network) ?? null,
    price: reading.price,
    currency,
    validFrom: reading.validFrom ?? now,
    validUntil: reading.validUntil ?? null,
  };
}
