import type { Connection } from "../../connections/connections.ts";
import type { Statement } from "../../database/database.ts";
import { fetchRates, type RateFetching } from "./fetch-rates.ts";
import { usualNetwork, type Network } from "./networks.ts";
import type { AppliedRate } from "./rate-book.ts";
import { noteQuestion } from "./missing-rates.ts";

/** The rate a caller asks for. */
interface WantedRate {
  network: Network;
  /** ISO 3166-1 alpha-2. */
  country: string | undefined;
}

/** How long a provider that has no rate is not asked for it again. */
const answerMinutes = 10;

const readAnswer: Statement = {
  name: "read_rate_answer",
  text: `
    select 1 from rate_questions
    where provider_id = $1 and mccmnc = $2 and answered_at > $3::timestamptz - interval '${answerMinutes} minutes'`,
};

/**
 * Finds the rate that applies now. If none is known, a provider that can tell its rates is asked. The
 * question is stored and repeated with the regular refresh.
 */
export async function findRate(
  services: RateFetching,
  connection: Connection,
  wanted: WantedRate,
): Promise<AppliedRate | undefined> {
  const known = await look(services, connection, wanted);
  if (known || !connection.adapter.capabilities.rates) return known;
  const { database, clock } = services;
  const { id: providerId } = connection.row;
  const network = usualNetwork(wanted.network);
  const mccmnc = network.mcc + (network.mnc ?? "");
  const answered = await database.query(readAnswer, [providerId, mccmnc, clock.now()]);
  if (answered.length > 0) return undefined;
  const reply = await fetchRates(services, connection, [network]);
  if (reply.ok) await noteQuestion(database, providerId, mccmnc, clock.now());
  return look(services, connection, wanted);
}

async function look(
  { rateBooks, clock }: RateFetching,
  { row }: Connection,
  { network, country }: WantedRate,
): Promise<AppliedRate | undefined> {
  const book = await rateBooks.of(row.accountId);
  const mccmnc = network.mcc + (network.mnc ?? "");
  const rate = book.find(row.id, { country: country ?? null, mccmnc }, clock.now());
  // The rate book falls back to other rates of the country. For a request by network or country code, only a
  // rate with that country code counts.
  return rate?.mccmnc != null && rate.mccmnc.startsWith(network.mcc) ? rate : undefined;
}
