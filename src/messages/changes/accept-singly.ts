import type { Queryable, Statement } from "../../database/database.ts";
import { isWatched } from "../../lanes/breaker.ts";
import { compareIds } from "../../lib/compare-ids.ts";
import { indexableId } from "../../lib/uuid.ts";
import { eventChannel } from "../log/event-log.ts";
import { changedAt, commonValues, consequences, isIn, stateAt, type Step } from "./bulk-step.ts";

/** Messages of campaigns that their provider has accepted in a request each. */
export interface SingleAcceptances extends Omit<Step, "at"> {
  attempts: readonly {
    id: string;
    number: number;
    finishedAt: Date;
    providerMessageId?: string | undefined;
    providerBatchId?: string | undefined;
  }[];
}

// Attempts are locked before messages, both in the order of the messages' ids, as everywhere. Open attempts are
// rare in the planner's statistics, so what they lack is hidden from it.
const accept: Statement = {
  name: "accept_messages_singly",
  text: `
    with news as (
      select g.*
      from unnest(
        (select $1::uuid[]), (select $2::smallint[]), (select $7::text[]), (select $8::text[]),
        (select $9::timestamptz[])
      ) as g (id, number, provider_message_id, provider_batch_id, at)
      join attempts as a on a.message_id = g.id and a.number = g.number
      where case when a.outcome is null then true else false end
      order by a.message_id
      for no key update of a
    ), ended as (
      update attempts as a set outcome = 'accepted', finished_at = g.at
      from news as g
      where a.message_id = g.id and a.number = g.number
    ), locked as (
      select g.*
      from news as g
      join messages as m on m.id = g.id
      order by m.id
      for no key update of m
    ), changed as (
      update messages as m
      set status = 'SUBMITTED', ${stateAt("g.at")}, submitted_at = coalesce(m.submitted_at, g.at),
        provider_message_id = coalesce(g.provider_message_id, m.provider_message_id),
        provider_batch_id = coalesce(g.provider_batch_id, m.provider_batch_id)
      from locked as g
      where m.id = g.id and ${isIn("SUBMITTING")}
      returning ${changedAt("g.at")}, g.provider_message_id, g.provider_batch_id
    ), ${consequences("SUBMITTING", "SUBMITTED")}
    select array(select id::text from news) as ended, array(select id::text from changed) as settled,
      coalesce((select ${isWatched} from lanes where provider_id = $3::uuid), false) as "isWatched"
    from hinted, pg_notify('${eventChannel}', '') where $4::timestamptz is not null`,
};

interface AcceptedSingly {
  /** Ids of messages whose attempt had not ended before. */
  ended: ReadonlySet<string>;
  /** Those of them that were SUBMITTING and are SUBMITTED now: nothing else needs to be done for them. */
  settled: ReadonlySet<string>;
  /** The provider's lane is half open or without credit, and must learn of the success. */
  isWatched: boolean;
}

/**
 * Ends attempts that the provider accepted, each in a request of its own, and moves their messages from
 * SUBMITTING to SUBMITTED: what `applyChanges` and `finishAttempts` write (a test compares them), without
 * loading each message into this process. Only for attempts begun with `beginAttempts`.
 */
export async function acceptSingly(
  transaction: Queryable,
  { providerId, kind, attempts }: SingleAcceptances,
): Promise<AcceptedSingly> {
  const ordered = attempts.toSorted(compareIds);
  const at = new Date(Math.max(...ordered.map(({ finishedAt }) => finishedAt.getTime())));
  const [row] = await transaction.query<{ ended: string[]; settled: string[]; isWatched: boolean }>(accept, [
    ...commonValues({ providerId, kind, at, attempts: ordered }, "SUBMITTED"),
    ordered.map(({ providerMessageId }) => indexableId(providerMessageId)),
    ordered.map(({ providerBatchId }) => indexableId(providerBatchId)),
    ordered.map(({ finishedAt }) => finishedAt),
  ]);
  const { ended = [], settled = [], isWatched: watched = false } = row ?? {};
  return { ended: new Set(ended), settled: new Set(settled), isWatched: watched };
}
