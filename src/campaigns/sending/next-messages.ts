import type { Queryable, Statement } from "../../database/database.ts";
import type { Flag } from "../../database/raw-row.ts";
import { hasToBeAsked } from "../../lanes/lane.ts";
import { maxUuid } from "../../lib/uuid.ts";
import {
  attemptsSoFar,
  dispatchColumns,
  toDispatchMessage,
  type DispatchMessage,
  type DispatchRow,
} from "../../messages/dispatch/dispatch-message.ts";
import { isBehindInSql } from "../../messages/model/order.ts";
import { isSuppressedInSql } from "../../messages/dispatch/suppressed.ts";
import { inFlight } from "../../messages/model/status.ts";
import { prepareHolidays } from "../../sms/holidays.ts";
import { closuresOf, closuresOnHolidays, type Closures } from "../../sms/send-window.ts";
import { areaLengths } from "../../sms/time-zones.ts";
import { countriesOf } from "./campaign-countries.ts";
import { windowOf, type RunningCampaign } from "./running-campaigns.ts";

/**
 * SQL: the prefixes of a recipient's number that may be an area code. Looked up in a JSON object, since
 * finding a key in it is fast.
 */
const areas = `array[${areaLengths.map((length) => `left(recipient, ${length})`).join(", ")}]`;

/**
 * SQL: messages of the campaign that may go to an open provider now. Checks again that the campaign is still
 * running.
 */
const mayGo = `
  campaign_id = $1 and (select status = 'RUNNING' and rewritten_to is null from campaigns where id = $1)
  and case when country is null then not $3::boolean else country <> all ($4::text[]) or $8::jsonb ?| ${areas} end
  and provider_id <> all ($5::uuid[]) and (follows is null or not ${isBehindInSql("messages")})`;

/**
 * SQL: messages of one `listed_as` value after the last claimed id. Written so that only the index for this
 * list fits.
 */
const isBehind = (list: string): string =>
  `(listed_as, id) > ('${list}', $7::uuid) and (listed_as, id) < ('${list}', '${maxUuid}'::uuid)`;

// A campaign runs once its time has come, and with it that of its messages, whatever they were scheduled for at first.
// `case status ...` hides the status from the planner, which misjudges how many rows have it. The limits of
// the later lists depend on the earlier ones, so what is not needed is not read.
const selectNext: Statement = {
  name: "select_next_of_campaign",
  raw: true,
  text: `
    with put_back as (
      select * from messages
      where ${mayGo} and status = 'QUEUED' and retry_at <= $2
      order by retry_at
      limit $6
      for no key update skip locked
    ), queued as (
      select * from messages
      where ${mayGo} and ${isBehind(inFlight)} and case status when 'QUEUED' then true else false end
        and retry_at is null
      order by listed_as, id
      limit $6 - (select count(*) from put_back)
      for no key update skip locked
    ), due as (
      select * from messages
      where ${mayGo} and ${isBehind("SCHEDULED")}
      order by listed_as, id
      limit $6 - (select count(*) from put_back) - (select count(*) from queued)
      for no key update skip locked
    )
    select ${dispatchColumns}, m.is_put_back, m.provider_id = any (array(
      select p.id from providers as p join lanes as l on l.provider_id = p.id where ${hasToBeAsked("$2")}
    )), ${isSuppressedInSql("m")}
    from (
      select true as is_put_back, * from put_back
      union all
      select false, * from queued
      union all
      select false, * from due
    ) as m
    cross join lateral (${attemptsSoFar}) as a`,
};

/** A candidate message. Those put back for a retry are found regardless of the `after` id. */
export interface Candidate {
  message: DispatchMessage;
  isPutBack: boolean;
  /** Whether the provider's lane must be checked before submitting. */
  isToAsk: boolean;
  /** Whether its recipient is not to be texted any more. */
  isSuppressed: boolean;
}

/** The next messages of a campaign for open providers, locked for this transaction. */
export async function findNext(
  transaction: Queryable,
  campaign: RunningCampaign,
  { limit, closed }: { limit: number; closed: readonly string[] },
  after: string,
  now: Date,
): Promise<Candidate[]> {
  const { countries, openAreas, stateless } = await closedFor(transaction, campaign, now);
  const open = Object.fromEntries(openAreas.map((area) => [area, true]));
  const values = [campaign.id, now, stateless, countries, closed, limit, after, open];
  const rows = await transaction.query<[...DispatchRow, isPutBack: Flag, isToAsk: Flag, isSuppressed: Flag]>(
    selectNext,
    values,
  );
  return rows.map((row) => ({
    message: toDispatchMessage(row),
    isPutBack: row[26] === "t",
    isToAsk: row[27] === "t",
    isSuppressed: row[28] === "t",
  }));
}

const nothingClosed: Closures = { countries: [], openAreas: [], stateless: false };

async function closedFor(transaction: Queryable, campaign: RunningCampaign, now: Date): Promise<Closures> {
  const window = windowOf(campaign);
  if (!window) return nothingClosed;
  const closures = closuresOf(window, campaign.timeZone, now);
  if (window.observesHolidays !== true) return closures;
  const all = (await countriesOf(transaction, [campaign.id])).get(campaign.id) ?? [];
  const countries = all.filter((country) => country !== "");
  await prepareHolidays(countries, [now]);
  return closuresOnHolidays(closures, window, countries, now);
}
