/** How many of the latest messages to a recipient are looked at: scheduled ones may be among them. */
const lookedAt = 8;

/** A message that is being stored, as SQL. */
interface NewMessage {
  account: string;
  recipient: string;
  priority: string;
  /** When it is to be submitted. */
  due: string;
}

/** SQL: whether a message under an alias is still to be submitted before one that is due at a time. */
const isWaitingInSql = (alias: string, due: string): string => `
            case ${alias}.status
              when 'QUEUED' then true
              when 'SUBMITTING' then true
              when 'SCHEDULED' then ${alias}.scheduled_at <= ${due}
              else false
            end`;

/**
 * SQL: the last single message of that priority to a recipient that goes before this one; null if there is none. Ids
 * follow the clocks of several processes: the last is one that no other follows. Campaigns have times and speeds of their
 * own, so a single message does not wait for theirs.
 */
export const lastWaitingInSql = ({ account, recipient, priority, due }: NewMessage): string => `(
          select o.id from (
            select id, status, scheduled_at, campaign_id, priority from messages
            where account_id = ${account} and recipient = ${recipient}
            order by id desc
            limit ${lookedAt}
          ) as o
          where o.campaign_id is null and o.priority = ${priority} and ${isWaitingInSql("o", due)}
          order by exists (select 1 from messages as n where n.follows = o.id), o.id desc
          limit 1
        )`;

/** SQL on `messages` under an alias: whether the message that it follows has not left our hands. */
export const isBehindInSql = (alias: string): string => `exists (
    select 1 from messages as earlier
    where earlier.id = ${alias}.follows and ${isWaitingInSql("earlier", `coalesce(${alias}.scheduled_at, ${alias}.created_at)`)}
  )`;
