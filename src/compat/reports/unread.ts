import { randomUUID } from "node:crypto";
import type { Database, Statement } from "../../database/database.ts";
import type { ServedApi } from "../../messages/accept/send-input.ts";
import type { StoredReport } from "./form.ts";

interface Wanted {
  accountId: string;
  api: ServedApi;
  /** Empty for all. */
  groupIds: readonly string[];
  vendorIds: readonly string[];
  limit: number;
}

/** Longer than an answer takes: a process that dies with it leaves the reports to be read again. */
const leaseSeconds = 60;

const lend: Statement = {
  name: "lend_compat_reports",
  text: `
    with picked as (
      select r.id from compat_reports as r
      join compat_messages as c on c.message_id = r.message_id
      where r.account_id = $1 and r.api = $2::compat_api and r.url is null and r.due_at <= now()
        and (cardinality($3::text[]) = 0 or c.group_id = any ($3))
        and (cardinality($4::text[]) = 0 or c.vendor_id = any ($4))
      order by r.id
      limit $5
      for update of r skip locked
    )
    update compat_reports as r
    set lease = $6, attempts = attempts + 1, due_at = now() + interval '${leaseSeconds} seconds'
    from picked
    where r.id = picked.id
    returning r.id::text, r.message_id as "messageId", r.status, r.occurred_at as "occurredAt", r.part, r.parts`,
};

const finish: Statement = {
  name: "finish_lent_compat_reports",
  text: "delete from compat_reports where id = any ($1::bigint[]) and lease = $2",
};

// Times have milliseconds: rounded up, a report would not be due yet for whoever asks at once.
const giveBack: Statement = {
  name: "give_back_compat_reports",
  text: "update compat_reports set lease = null, due_at = date_trunc('milliseconds', now()) where id = any ($1::bigint[]) and lease = $2",
};

/** Reports that are being read. They count as read only once the answer with them has gone out. */
export async function lendReports(
  database: Database,
  { accountId, api, groupIds, vendorIds, limit }: Wanted,
): Promise<{ reports: StoredReport[]; settle: (isSent: boolean) => Promise<void> }> {
  const lease = randomUUID();
  const values = [accountId, api, groupIds, vendorIds, limit, lease];
  const lent = await database.query<StoredReport>(lend, values);
  const reports = lent.toSorted((one, other) => Number(BigInt(one.id) - BigInt(other.id)));
  const ids = reports.map(({ id }) => id);
  return {
    reports,
    async settle(isSent) {
      if (ids.length > 0) await database.query(isSent ? finish : giveBack, [ids, lease]);
    },
  };
}
