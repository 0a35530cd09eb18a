import type { Database, Statement } from "../database/database.ts";
import { registry } from "../providers/registry.ts";

/** A regular task of each provider, in SQL on `providers as p`. `$1` is the time. */
interface ProviderRound {
  name: string;
  /** Only providers with this capability. */
  capability: "balance" | "rates" | "receiptQueue" | "inbound";
  /** When it is due. */
  due: string;
  /** The assignment that makes it due later. */
  next: string;
  /** Which are claimed first, and how many at most; all by default. */
  first?: string;
}

/**
 * SQL: whether the time in `column` has come by the clock in `now`. A time further ahead than `longest` was noted by a
 * process whose clock was wrong: nobody waits for it.
 */
export const hasCome = (column: string, longest: string, now = "$1"): string =>
  `(${column} <= ${now} or ${column} > ${now}::timestamptz + interval '${longest}')`;

/** Kinds of providers that have a capability. */
export const kindsWith = (capability: ProviderRound["capability"]): string[] =>
  Object.values(registry).flatMap(({ kind, capabilities }) =>
    [true, "POLL"].includes(capabilities[capability]) ? kind : [],
  );

/** Makes a function that claims the providers that are due, each for one worker, and returns their ids. */
export function claimDue(round: ProviderRound): (database: Database, now: Date) => Promise<string[]> {
  const statement: Statement = {
    name: `claim_due_${round.name}`,
    text: `
      update providers as p
      set ${round.next}
      from (
        select p.id from providers as p
        where p.kind = any ($2) and ${round.due}
        ${round.first ?? ""}
        for no key update of p skip locked
      ) as due
      where p.id = due.id
      returning p.id`,
  };
  const kinds = kindsWith(round.capability);
  return async (database, now) => {
    const rows = await database.query<{ id: string }>(statement, [now, kinds]);
    return rows.map(({ id }) => id);
  };
}
