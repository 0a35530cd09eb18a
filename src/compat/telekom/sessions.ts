import { randomUUID } from "node:crypto";
import type { Viewer } from "../../access/api-keys.ts";
import type { Database, Statement } from "../../database/database.ts";
import { paced } from "../../lib/paced.ts";

/** A session ends after this time without a call (Telekom SK documentation). */
const idleMinutes = 15;

/** Of one key: a client that asks for a session for each of its messages needs no earlier one. */
export const maxOpenSessions = 300;

// Calls at the same time see the same excess: whoever finds it taken leaves it, and the next call takes what is left.
const open: Statement = {
  name: "open_compat_session",
  text: `
    with excess as (
      select id from compat_sessions
      where id in (
        select id from compat_sessions where key_id = $3 order by used_at desc offset ${maxOpenSessions - 1} limit 100
      )
      for update skip locked
    ), ended as (
      delete from compat_sessions where id in (select id from excess)
    )
    insert into compat_sessions (id, account_id, key_id, used_at) values ($1, $2, $3, now())`,
};

/** Every process knows the session from then on. Where a key has too many, the one that was used longest ago ends. */
export async function openSession(database: Database, { accountId, keyId }: Viewer): Promise<string> {
  const id = randomUUID();
  await database.query(open, [id, accountId, keyId]);
  return id;
}

// The time is noted to the second: a client that sends thousands of messages does not change the row for each.
const touch: Statement = {
  name: "touch_compat_session",
  text: `
    with alive as (
      select id, key_id, used_at from compat_sessions
      where id = $1 and used_at > now() - interval '${idleMinutes} minutes'
    ), noted as (
      update compat_sessions set used_at = now()
      where id in (select id from alive where used_at < now() - interval '1 second')
    )
    select key_id as "keyId" from alive`,
};

/** The key of a session that is alive, and whose idle time starts again. */
export async function touchSession(database: Database, id: string): Promise<string | undefined> {
  const [session] = await database.query<{ keyId: string }>(touch, [id]);
  return session?.keyId;
}

const batchSize = 2_000;

const forget: Statement = {
  name: "forget_ended_compat_sessions",
  text: `
    with gone as (
      delete from compat_sessions
      where id in (
        select id from compat_sessions
        where used_at < now() - interval '${idleMinutes} minutes'
        order by used_at
        limit ${batchSize}
        for update skip locked
      )
      returning 1
    )
    select count(*)::int as count from gone`,
};

/** Drops the sessions that have ended, some at a time. */
export const forgetSessions = (database: Database, signal?: AbortSignal): Promise<void> =>
  paced(async () => {
    const [gone] = await database.query<{ count: number }>(forget, []);
    return gone?.count === batchSize;
  }, signal);
