import type { Database, Statement } from "../database/database.ts";

export type CallbackState = "PROCESSED" | "QUARANTINED" | "UNREAD";

/** A stored callback with its raw body. */
export interface StoredBody {
  id: bigint;
  providerId: string;
  receivedAt: Date;
  contentType: string | null;
  body: string;
  source: "CALLBACK" | "POLL";
  state: CallbackState;
  problem: string | null;
}

export interface InboxRange {
  accountId: string;
  /** Only this provider. */
  providerId?: string | undefined;
  states: readonly CallbackState[];
  /** Only those of which a receipt found no message when it was read. */
  isUnmatched?: boolean | undefined;
  /** Only those that came when a receipt of this message did. */
  messageId?: string | undefined;
  /** When it came; the end is exclusive. */
  received?: { from?: Date | undefined; until?: Date | undefined } | undefined;
  /** Bounds by id, both exclusive. */
  above?: bigint | undefined;
  below?: bigint | undefined;
  limit: number;
  ascending: boolean;
}

const shown = `
  id, provider_id as "providerId", received_at as "receivedAt", content_type as "contentType", body, source, state, problem`;

const ofAccount = "select id from providers where account_id = $2 and ($3::uuid is null or id = $3::uuid)";

type Shape = Pick<InboxRange, "isUnmatched" | "messageId" | "ascending"> & { hasTimes: boolean };

/** Where a search begins: each brings its rows by an index. `message`: the parameter with its id. */
const searches = {
  all: () => ({
    rows: "unnest($1::callback_state[]) as wanted (state)",
    condition: `state = wanted.state and provider_id = any (array(${ofAccount}))`,
  }),
  unmatched: () => ({
    rows: `(${ofAccount}) as wanted (id)`,
    condition: "provider_id = wanted.id and unmatched and state = any ($1::callback_state[])",
  }),
  message: (message: string) => ({
    rows: `(
        select distinct provider_id, received_at from message_events
        where message_id = ${message}::uuid and source in ('CALLBACK', 'POLL')
      ) as wanted`,
    condition: `
          received_at = wanted.received_at and provider_id = wanted.provider_id
          and provider_id = any (array(${ofAccount})) and state = any ($1::callback_state[])`,
  }),
};

/**
 * A statement for each shape of the question, since one plan for all of them would suit none. What a range of times needs
 * is either at hand in the order of the rows, or found by the index of times.
 */
function statementFor({ isUnmatched, messageId, ascending, hasTimes }: Shape): Statement {
  const order = ascending ? "asc" : "desc";
  const name = messageId !== undefined ? "message" : isUnmatched ? "unmatched" : "all";
  const { rows, condition } = searches[name](hasTimes ? "$9" : "$7");
  const times = hasTimes ? "and received_at >= $7::timestamptz and received_at < $8::timestamptz" : "";
  return {
    name: `list_callbacks_${name}_${hasTimes ? "between_" : ""}${order}`,
    text: `
      select found.*
      from ${rows}
      cross join lateral (
        select ${shown}
        from callbacks
        where ${condition} and id > $4::bigint and id < $5::bigint ${times}
        order by id ${order}
        limit $6
      ) as found
      order by found.id ${order}
      limit $6`,
  };
}

const maxId = 2n ** 63n - 1n;

/** Stored callbacks of an account in the order in which they came. */
export async function listCallbacks(database: Database, range: InboxRange): Promise<StoredBody[]> {
  const { accountId, providerId, states, above = 0n, below = maxId, limit, received, messageId } = range;
  const hasTimes = received?.from !== undefined || received?.until !== undefined;
  const values: unknown[] = [states, accountId, providerId ?? null, above, below, limit];
  if (hasTimes) values.push(received?.from ?? "-infinity", received?.until ?? "infinity");
  if (messageId !== undefined) values.push(messageId);
  const statement = statementFor({ ...range, hasTimes });
  const rows = await database.query<StoredBody & { id: string }>(statement, values);
  return rows.map((row) => ({ ...row, id: BigInt(row.id) }));
}
