import type { Database, Statement } from "../../database/database.ts";
import { firstMessageIdAt } from "../../lib/uuid.ts";
import { knownColumns, type KnownMessage } from "./messages.ts";

interface AccountFilter {
  accountId: string;
  from: Date;
  /** Exclusive. */
  until: Date;
  /** Undefined for both. */
  encoding: "GSM7" | "UCS2" | undefined;
  /** Undefined for both directions. */
  isInbound: boolean | undefined;
}

/** Nobody reads further; counting more would cost more than it tells. */
export const mostListed = 100_000;

const wanted = `
  m.account_id = $1 and m.id >= $2 and m.id < $3 and ($4::text_encoding is null or m.encoding = $4)
  and ($5::boolean is null or (m.listed_as = 'RECEIVED') = $5)`;

const count: Statement = {
  name: "count_compat_messages",
  text: `select count(*)::int as count from (select 1 from messages as m where ${wanted} limit ${mostListed}) as few`,
};

const read: Statement = {
  name: "list_compat_messages",
  text: `
    select ${knownColumns} from messages as m
    left join compat_messages as c on c.message_id = m.id
    where ${wanted}
    order by m.id desc
    limit $6 offset $7`,
};

/** Messages of an account in both directions, the newest first. */
export async function listOfAccount(
  database: Database,
  { accountId, from, until, encoding, isInbound }: AccountFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ total: number; messages: KnownMessage[] }> {
  const values = [
    accountId,
    firstMessageIdAt(from),
    firstMessageIdAt(until),
    encoding ?? null,
    isInbound ?? null,
  ];
  const [counted] = await database.query<{ count: number }>(count, values);
  const total = counted?.count ?? 0;
  if (offset >= total) return { total, messages: [] };
  return { total, messages: await database.query<KnownMessage>(read, [...values, limit, offset]) };
}
