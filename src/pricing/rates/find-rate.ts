import type { Connection } from "../../connections/connections.ts";
import type { Statement } from "../../database/database.ts";
import { fetchRates, type RateFetching } from "./fetch-rates.ts";
import { usualNetwork, type Network } from "./networks.ts";
import type { AppliedRate } from "./rate-book.ts";
import { noteQuestion } from "./missing-rates.ts";

/** What was asked for. */
export interface WantedRate {
  network: Network;
  /** ISO 3166-1 alpha-2. */
  country: string | undefined;
}

/** A provider that has no rate is not asked for it again within this time. */
const answerMinutes = 10;

const readAnswer: Statement = {
  name: "read_rate_answer",
  text: `
    select 1 from rate_questions
    where provider_id = $1 and mccmnc = $2 and answered_at > $3::timestamptz - interval '${answerMinutes} minutes'`,
};

/**
 * The rate that counts now. A provider that tells its rates is asked when none is known; the question is remembered,
 * and repeated with the destinations in use.
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
  // The book goes on to the country where the network has no rate; a country code alone asks for no more than itself.
  return rate?.mccmnc != null && rate.mccmnc.startsWith(network.mcc) ? rate : undefined;
}
