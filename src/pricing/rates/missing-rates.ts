import { claimDue, hasCome, kindsWith } from "../../connections/due-providers.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { firstMessageIdAt } from "../../lib/uuid.ts";
import { mccsOf, networkKey, parseNetwork, type Network } from "./networks.ts";

const hourMs = 3_600_000;

/** Providers that can tell their rates. */
const kinds = kindsWith("rates");

/** How many of an account's newest messages are read to see which destinations are in use. */
const recentMessages = 20_000;
const recentDays = 30;
/** A question that is not repeated is deleted after this many days. */
const questionDays = 30;

const readUse: Statement = {
  name: "read_destinations_in_use",
  text: `
    select distinct country, mccmnc
    from (
      select country, mccmnc from messages
      where account_id = $1 and id >= $2::uuid
      order by id desc
      limit ${recentMessages}
    ) as recent`,
};

const readKnown: Statement = {
  name: "read_fetched_networks",
  text: `
    select mcc || coalesce(mnc, '') as mccmnc from rates
    where provider_id = $1 and source = 'FETCHED' and valid_from <= $2 and (valid_until is null or valid_until > $2)
    union
    select mccmnc from rate_questions
    where provider_id = $1 and asked_at > $2::timestamptz - interval '${questionDays} days'`,
};

/**
 * The networks to ask a provider about, country codes first: those in use, those with a known rate, and those
 * that callers asked for.
 */
export async function networksToAsk(
  database: Queryable,
  { accountId, providerId }: { accountId: string; providerId: string },
  now: Date,
): Promise<Network[]> {
  const since = firstMessageIdAt(new Date(now.getTime() - recentDays * 24 * hourMs));
  const used = await database.query<{ country: string | null; mccmnc: string | null }>(readUse, [
    accountId,
    since,
  ]);
  const known = await database.query<{ mccmnc: string }>(readKnown, [providerId, now]);
  const networks = [...used, ...known].flatMap(({ mccmnc }) => parseNetwork(mccmnc ?? "") ?? []);
  const mccs = new Set([
    ...used.flatMap(({ country }) => (country === null ? [] : mccsOf(country))),
    ...networks.map(({ mcc }) => mcc),
  ]);
  const wholes = [...mccs].toSorted().map((mcc): Network => ({ mcc, mnc: null }));
  const unique = new Map([...wholes, ...networks].map((network) => [networkKey(network), network]));
  return [...unique.values()];
}

/** Claims the providers whose rates should be refreshed now; each is due again an hour later. */
export const claimDueRates = claimDue({
  name: "rates",
  capability: "rates",
  due: `p.enabled and p.disconnected_at is null and ${hasCome("p.next_rates_at", "66 minutes")}`,
  next: "next_rates_at = $1::timestamptz + interval '1 hour' * (1 + random() / 10)",
  first: "order by p.next_rates_at limit 100",
});

const dueSoon: Statement = {
  name: "make_rates_due_soon",
  text: `
    update providers set next_rates_at = least(next_rates_at, $2::timestamptz + interval '10 minutes') where id = $1`,
};

/** Shortens the wait after a problem: an hour without rates would be long. */
export async function askAgainSoon(database: Queryable, providerId: string, now: Date): Promise<void> {
  await database.query(dueSoon, [providerId, now]);
}

const noteAnswered: Statement = {
  name: "note_rate_question_answered",
  text: `
    insert into rate_questions (provider_id, mccmnc, asked_at, answered_at)
    select $1, mccmnc, $3, $3 from unnest($2::text[]) as q (mccmnc)
    on conflict (provider_id, mccmnc) do update set asked_at = excluded.asked_at, answered_at = excluded.answered_at`,
};

const forget: Statement = {
  name: "forget_rate_questions",
  text: `
    delete from rate_questions
    where provider_id = $1 and asked_at <= $2::timestamptz - interval '${questionDays} days'`,
};

/** Records a caller's question and that the provider was asked. Later refreshes ask it again. */
export async function noteQuestion(
  database: Queryable,
  providerId: string,
  mccmnc: string,
  now: Date,
): Promise<void> {
  await database.query(noteAnswered, [providerId, [mccmnc], now]);
  await database.query(forget, [providerId, now]);
}

const makeDue: Statement = {
  name: "make_rates_due",
  text: `
    with asked as (
      insert into rate_questions (provider_id, mccmnc, asked_at)
      select p.id, mccmnc, $3 from providers as p cross join unnest($2::text[]) as q (mccmnc)
      where p.id = $1 and p.kind = any ($4)
      on conflict (provider_id, mccmnc) do update set asked_at = excluded.asked_at
    )
    update providers set next_rates_at = least(next_rates_at, $3) where id = $1 and kind = any ($4)`,
};

/** How long a missing rate is not reported again, however many messages need it. */
const wishMs = hourMs;
const maxMissingRates = 10_000;

/**
 * Collects destinations for which a provider had no known rate when routing needed one. The provider is asked
 * within seconds, so the next message to this destination gets an estimate.
 */
export class MissingRates {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #passedOn = new Map<string, number>();

  constructor(database: Database, clock: Clock, onError: (error: unknown) => void) {
    this.#database = database;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Returns at once. A failure here must not affect the message. */
  note(providerId: string, country: string | null): void {
    if (country === null) return;
    const now = this.#clock.now();
    const key = `${providerId} ${country}`;
    if (now.getTime() - (this.#passedOn.get(key) ?? -Infinity) < wishMs) return;
    if (this.#passedOn.size >= maxMissingRates) this.#passedOn.clear();
    this.#passedOn.set(key, now.getTime());
    this.#database.query(makeDue, [providerId, mccsOf(country), now, kinds]).catch(this.#onError);
  }
}
