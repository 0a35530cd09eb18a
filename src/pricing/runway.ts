import { Decimal } from "@prisma/client/runtime/client";
import type { Database, Statement } from "../database/database.ts";
import { firstMessageIdAt } from "../lib/uuid.ts";
import { inFlight, messageStatuses, listsHolding } from "../messages/model/status.ts";

/** A balance and its spending in one measure: money of one currency, or units. */
interface Spending {
  balance: Decimal;
  /** Spent during the last `burnHours`. */
  spent: Decimal;
  /** The cost of queued messages. */
  queued: Decimal;
  /** The cost of scheduled messages, the earliest first. */
  scheduled: readonly { at: Date; amount: Decimal }[];
}

/** How long a balance lasts. */
export interface Runway {
  /** Null when the balance is in units. */
  currency: string | null;
  /** Spent per hour at present. */
  burnPerHour: Decimal;
  /** The cost of queued and scheduled messages. */
  committed: Decimal;
  /** When the balance is used up; null when no end is in sight. */
  until: Date | null;
}

const hourMs = 3_600_000;
/** The burn rate is the average of this many hours. */
export const burnHours = 6;

/** When the balance is used up at the current burn rate and with what is scheduled. */
export function usedUpAt({ balance, spent, queued, scheduled }: Spending, now: Date): Date | null {
  const burnPerMs = spent.div(burnHours * hourMs);
  let left = balance.minus(queued);
  let time = now.getTime();
  if (left.lte(0)) return now;
  for (const { at, amount } of scheduled) {
    const start = Math.max(time, at.getTime());
    const burnt = burnPerMs.mul(start - time);
    if (burnt.gte(left)) break;
    left = left.minus(burnt).minus(amount);
    time = start;
    if (left.lte(0)) return new Date(time);
  }
  if (burnPerMs.isZero()) return null;
  const until = new Date(time + left.div(burnPerMs).ceil().toNumber());
  return Number.isNaN(until.getTime()) ? null : until;
}

const handedOver = messageStatuses.filter(
  (status) => !["SCHEDULED", "QUEUED", "SUBMITTING", "CANCELLED"].includes(status),
);

const readSpent: Statement = {
  name: "read_recent_spending",
  text: `
    select coalesce(sum(case when $4::text is null then segments
      else case coalesce(cost_currency, case when cost is null then estimated_currency end, $4)
        when $4 then coalesce(cost, estimated_cost) end end), 0)::text as amount
    from messages
    where account_id = $1 and provider_id = $2 and listed_as = any ($5::message_status[]) and id >= $3::uuid
      and status = any ($6::message_status[])
      and (cost is not null or status not in ('REJECTED', 'FAILED'))`,
};

const readCommitted: Statement = {
  name: "read_committed_spending",
  text: `
    select at, sum(case when $2::text is null then segments when currency = $2 then cost else 0 end)::text as amount
    from (
      select case when status = 'SCHEDULED' then date_trunc('hour', scheduled_at) end as at, segments,
        estimated_cost as cost, estimated_currency as currency
      from messages
      where provider_id = $1 and listed_as in ('SCHEDULED', '${inFlight}')
        and status in ('SCHEDULED', 'QUEUED', 'SUBMITTING')
      union all
      select date_trunc('hour', c.scheduled_at), r.segments, r.estimated_cost, r.estimated_currency
      from campaign_recipients as r
      join campaigns as c on c.id = r.campaign_id
      where r.provider_id = $1 and c.imported_at is not null and c.status <> 'CANCELLED'
    ) as waiting
    group by at
    order by at nulls first`,
};

/**
 * Estimates how long the newest balance of a provider lasts, from the burn rate of the last hours and from
 * queued and scheduled messages. Only costs in the balance's currency count; messages without a rate count as
 * nothing. Undefined without a balance.
 */
export async function readRunway(
  database: Database,
  { accountId, providerId }: { accountId: string; providerId: string },
  now: Date,
): Promise<Runway | undefined> {
  const newest = await database.prisma.balance.findFirst({
    where: { providerId },
    orderBy: [{ fetchedAt: "desc" }, { id: "desc" }],
  });
  const balance = newest?.amount ?? newest?.units;
  if (!newest || !balance) return undefined;
  const currency = newest.amount === null ? null : newest.currency;
  const since = firstMessageIdAt(new Date(now.getTime() - burnHours * hourMs));
  const [spent] = await database.query<{ amount: string }>(readSpent, [
    accountId,
    providerId,
    since,
    currency,
    listsHolding(handedOver),
    handedOver,
  ]);
  const rows = await database.query<{ at: Date | null; amount: string }>(readCommitted, [
    providerId,
    currency,
  ]);
  const spending: Spending = {
    balance: new Decimal(balance.toString()),
    spent: new Decimal(spent?.amount ?? 0),
    queued: sum(rows.filter(({ at }) => at === null)),
    scheduled: rows.flatMap(({ at, amount }) => (at ? [{ at, amount: new Decimal(amount) }] : [])),
  };
  return {
    currency,
    burnPerHour: spending.spent.div(burnHours),
    committed: sum(rows),
    until: usedUpAt(spending, now),
  };
}

const sum = (rows: readonly { amount: string }[]): Decimal =>
  rows.reduce((total, { amount }) => total.plus(amount), new Decimal(0));
