import type { Queryable, Statement } from "../database/database.ts";
import { RecipientSuppressedError, suppressedText } from "../lib/errors.ts";

/** How a number came onto the list. */
export type SuppressionSource = "API" | "IMPORT" | "REPLY";

/** A number that an account does not text. */
export interface Suppression {
  /** In E.164. */
  number: string;
  /** The sender ID that does not text it; empty for every sender. */
  sender: string;
  reason: string | null;
  source: SuppressionSource;
  createdAt: Date;
}

/** Sender IDs that people take for the same one. */
export const senderKey = (sender: string): string => sender.trim().replace(/^\+/, "").toLowerCase();

const senderKeyInSql = (sender: string): string => `lower(ltrim(${sender}, '+'))`;

/** The columns of a message, as SQL. */
interface MessageColumns {
  account: string;
  recipient: string;
  sender: string;
  /** The STOP that it confirms: that one message is sent all the same. */
  answers?: string;
}

/**
 * SQL: why a message may not be sent, as `FoundSuppression`; null when it may. A subquery in the list of columns, so that
 * the planner can only look the number up, however it misjudges the size of the list.
 */
export const suppressionInSql = ({
  account,
  recipient,
  sender,
  answers = "null::uuid",
}: MessageColumns): string => `(
  select json_build_object('reason', s.reason, 'since', s.created_at) from suppressions as s
  where ${answers} is null and s.account_id = ${account} and s.recipient = ${recipient} and s.sender in ('', ${senderKeyInSql(sender)})
  order by s.sender
  limit 1
)`;

/** SQL: the message of the error for a recipient, given the entry that was found. */
export const suppressedReasonInSql = (recipient: string, found: string): string =>
  `format('${suppressedText("%s", "%s")}', ${recipient}, coalesce(' (' || (${found} ->> 'reason') || ')', ''))`;

/** An entry as `suppressionInSql` finds it. */
export interface FoundSuppression {
  reason: string | null;
  since: string;
}

export const toSuppressedError = (
  to: string,
  { reason, since }: FoundSuppression,
): RecipientSuppressedError => new RecipientSuppressedError(to, reason, new Date(since));

const find: Statement = {
  name: "find_suppressions",
  text: `
    select place::int - 1 as place, ${suppressionInSql({ account: "$1::uuid", recipient: "w.recipient", sender: "w.sender" })} as found
    from unnest($2::text[], $3::text[]) with ordinality as w (recipient, sender, place)`,
};

/** For each message, why it may not be sent; undefined where it may. */
export async function findSuppressions(
  database: Queryable,
  accountId: string,
  messages: readonly { to: string; sender: string }[],
): Promise<(RecipientSuppressedError | undefined)[]> {
  if (messages.length === 0) return [];
  const values = [accountId, messages.map(({ to }) => to), messages.map(({ sender }) => sender)];
  const rows = await database.query<{ place: number; found: FoundSuppression | null }>(find, values);
  const found = new Map(rows.map((row) => [row.place, row.found]));
  return messages.map(({ to }, place) => {
    const suppression = found.get(place);
    return suppression ? toSuppressedError(to, suppression) : undefined;
  });
}
