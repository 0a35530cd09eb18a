import { randomUUID } from "node:crypto";
import type { Viewer } from "../../access/api-keys.ts";
import type { Database, Statement } from "../../database/database.ts";

/** A session ends after this time without a call (Telekom SK documentation). */
const idleMinutes = 15;

const open: Statement = {
  name: "open_compat_session",
  text: "insert into compat_sessions (id, account_id, key_id, used_at) values ($1, $2, $3, now())",
};

/** Every process knows the session from then on. */
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
