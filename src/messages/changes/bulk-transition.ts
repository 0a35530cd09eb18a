import { arrayLiteral } from "../../database/array-literal.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import { isWatched } from "../../lanes/breaker.ts";
import { eventChannel } from "../log/event-log.ts";
import { indexableId } from "../../lib/uuid.ts";
import { changedAt, commonValues, consequences, isIn, stateAt, type Step } from "./bulk-step.ts";
import { compareIds } from "../../lib/compare-ids.ts";

/** Messages that are about to be handed over. Each `claim` names the request, as in `attempts.claim`. */
interface Beginning extends Step {
  attempts: readonly { id: string; number: number; claim: string }[];
}

/** Messages that their provider has accepted, all of them. */
export interface Acceptance extends Step {
  /** The claim of their request (`attempts.claim`). */
  claim: string;
  attempts: readonly {
    id: string;
    number: number;
    providerMessageId?: string | undefined;
    providerBatchId?: string | undefined;
  }[];
}

const at = "$4::timestamptz";

// Lists are given as sub-selects, which hide their length from the planner. While it still plans for the
// values, it would read the whole table for a thousand of them.
const begin: Statement = {
  name: "begin_attempts",
  text: `
    with changed as (
      update messages as m
      set status = 'SUBMITTING', ${stateAt(at)}
      from unnest((select $1::uuid[]), (select $2::smallint[]), (select $7::text[])) as g (id, number, claim)
      where m.id = g.id and m.recipient <> '' and ${isIn("QUEUED")}
      returning ${changedAt(at)}, g.number, g.claim, null::text as provider_message_id, null::text as provider_batch_id
    ), requested as (
      select claim, array_agg(id) as ids, array_agg(number) as numbers from changed group by claim
    ), attempted as (
      insert into attempts (message_id, number, provider_id, started_at, claim)
      select ids[1], numbers[1], $3::uuid, $4::timestamptz, claim from requested where cardinality(ids) = 1
    ), attempted_together as (
      insert into bulk_attempts (claim, provider_id, started_at, message_ids, numbers)
      select claim, $3::uuid, $4::timestamptz, ids, numbers from requested where cardinality(ids) > 1
    ), ${consequences("QUEUED", "SUBMITTING")}
    select count(*)::int as begun from changed, hinted, pg_notify('${eventChannel}', '')`,
};

// The transaction that deletes the request's row ends its attempts. All messages are locked, in the order of
// their ids as everywhere, including those that a receipt has moved on: the caller continues with them.
const accept: Statement = {
  name: "accept_messages",
  text: `
    with over as (
      delete from bulk_attempts where claim = $9 returning claim, started_at
    ), ended as (
      insert into attempts (message_id, number, provider_id, started_at, claim, outcome, finished_at)
      select id, number, $3::uuid, started_at, claim, 'accepted', $4::timestamptz
      from over, unnest((select $1::uuid[]), (select $2::smallint[])) as g (id, number)
    ), locked as (
      select g.*
      from over, unnest((select $1::uuid[]), (select $7::text[]), (select $8::text[]))
        as g (id, provider_message_id, provider_batch_id)
      join messages as m on m.id = g.id
      order by m.id
      for no key update of m
    ), changed as (
      update messages as m
      set status = 'SUBMITTED', ${stateAt(at)}, submitted_at = coalesce(m.submitted_at, ${at}),
        provider_message_id = coalesce(g.provider_message_id, m.provider_message_id),
        provider_batch_id = coalesce(g.provider_batch_id, m.provider_batch_id)
      from locked as g
      where m.id = g.id and ${isIn("SUBMITTING")}
      returning ${changedAt(at)}, g.provider_message_id, g.provider_batch_id
    ), ${consequences("SUBMITTING", "SUBMITTED")}
    -- Usually all of them: then their ids are not returned.
    select case when settled.count < cardinality($1::uuid[]) then array(select id::text from changed) end as settled,
      coalesce((select ${isWatched} from lanes where provider_id = $3::uuid), false) as "isWatched"
    from over, (select count(*) from changed) as settled, hinted, pg_notify('${eventChannel}', '')`,
};

/**
 * Moves queued messages that the caller has locked to SUBMITTING, each with an attempt. It writes the same
 * state and events as `applyChanges` (a test compares them), without loading each message into this process.
 * @throws Error when one of them was not queued at the provider
 */
export async function beginAttempts(transaction: Queryable, beginning: Beginning): Promise<void> {
  const { attempts } = beginning;
  const claims = attempts.map(({ claim }) => claim);
  const values = [...commonValues(beginning, "SUBMITTING"), arrayLiteral(claims)];
  const [row] = await transaction.query<{ begun: number }>(begin, values);
  if (row?.begun !== attempts.length) throw new Error("Messages that were claimed were not queued any more");
}

/** What became of attempts that a provider accepted. */
type AcceptOutcome =
  | {
      kind: "accepted";
      /**
       * Ids of messages that were SUBMITTING and are SUBMITTED now: nothing else needs to be done for them.
       */
      settled: ReadonlySet<string>;
      /** The provider's lane is half open or without credit, and must learn of the success. */
      isWatched: boolean;
    }
  /** Nothing was written: the attempts had ended before, or are not stored as one request any more. */
  | { kind: "alreadyEnded" };

/**
 * Ends the attempts of a request whose messages were all accepted, and moves them from SUBMITTING to
 * SUBMITTED. They may have ended before: an answer whose commit was not confirmed is stored a second time, and
 * a worker may be taken for dead while it waits for one.
 */
export async function acceptMessages(transaction: Queryable, acceptance: Acceptance): Promise<AcceptOutcome> {
  const attempts = acceptance.attempts.toSorted(compareIds);
  const [row] = await transaction.query<AcceptedRow>(accept, [
    ...commonValues({ ...acceptance, attempts }, "SUBMITTED"),
    attempts.map(({ providerMessageId }) => indexableId(providerMessageId)),
    attempts.map(({ providerBatchId }) => indexableId(providerBatchId)),
    acceptance.claim,
  ]);
  if (!row) return { kind: "alreadyEnded" };
  const settled = new Set(row.settled ?? attempts.map(({ id }) => id));
  return { kind: "accepted", settled, isWatched: row.isWatched };
}

interface AcceptedRow {
  /** Ids of those that were settled; null when all were. */
  settled: string[] | null;
  isWatched: boolean;
}
