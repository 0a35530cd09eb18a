import type { Queryable, Statement } from "../../database/database.ts";
import { suppressionInSql } from "../../suppressions/suppression.ts";
import { applyChanges } from "../changes/transition.ts";
import { cancellable } from "../model/status.ts";
import type { DispatchMessage } from "./dispatch-message.ts";

/** SQL on `messages` under an alias: whether its recipient is not to be texted, or was erased. */
export const isSuppressedInSql = (alias: string): string =>
  `(${alias}.recipient = '' or ${suppressionInSql({ account: `${alias}.account_id`, recipient: `${alias}.recipient`, sender: `${alias}.sender`, answers: `${alias}.answers` })} is not null)`;

const lock: Statement = {
  name: "lock_messages_to_claim",
  text: `
    select m.id, m.version, ${isSuppressedInSql("m")} as "isSuppressed" from messages as m
    where m.id = any ($1::uuid[])
    order by m.id
    for no key update of m`,
};

/** Messages that are not claimed as they were read. */
export interface LockedToClaim {
  /** Those that must not be sent. */
  suppressed: ReadonlySet<string>;
  /** Those that were changed since. */
  changed: ReadonlySet<string>;
}

/** Locks messages, and returns the ids of those that must not be sent, or not as they were read. */
export async function lockToClaim(
  transaction: Queryable,
  messages: readonly DispatchMessage[],
): Promise<LockedToClaim> {
  const versions = new Map(messages.map(({ id, version }) => [id, version]));
  const locked = await transaction.query<{ id: string; version: number; isSuppressed: boolean }>(lock, [
    [...versions.keys()],
  ]);
  return {
    suppressed: new Set(locked.flatMap(({ id, isSuppressed }) => (isSuppressed ? [id] : []))),
    changed: new Set(locked.flatMap(({ id, version }) => (versions.get(id) === version ? [] : [id]))),
  };
}

const failure = {
  code: "suppressed",
  text: "The number was put on the list of those that are not to be texted.",
  permanent: true,
} as const;

/** Cancels messages that are not submitted, because their recipients do not want them. Returns how many. */
export async function cancelSuppressed(
  transaction: Queryable,
  messages: readonly Pick<DispatchMessage, "id">[],
  receivedAt: Date,
): Promise<number> {
  const outcomes = await applyChanges(
    transaction,
    messages.map(({ id: messageId }) => ({
      messageId,
      status: "CANCELLED",
      source: "DISPATCH",
      receivedAt,
      failure,
      onlyFrom: cancellable,
    })),
  );
  return outcomes.filter((outcome) => outcome.kind === "taken" && outcome.applied).length;
}
