import type { FailureCode } from "../failure-codes.ts";
import type { StatusReading } from "./status.ts";
import type { ErrorObject } from "./wire.ts";

/** The codes in the platform's table of GSM errors that say more than that a message did not arrive. */
const codes: Readonly<Record<number, { code: FailureCode; permanent?: true }>> = {
  1: { code: "unknown_subscriber", permanent: true },
  9: { code: "illegal_subscriber", permanent: true },
  13: { code: "call_barred" },
  27: { code: "absent_subscriber" },
  31: { code: "subscriber_busy" },
  32: { code: "delivery_failure" },
  33: { code: "waiting_list_full" },
  34: { code: "system_failure" },
  255: { code: "unknown_error", permanent: true },
  256: { code: "memory_full" },
  500: { code: "provider_error" },
  2048: { code: "timeout" },
  2049: { code: "recipient_blocked", permanent: true },
  2050: { code: "recipient_blocked", permanent: true },
  4096: { code: "invalid_request", permanent: true },
  4097: { code: "not_sent", permanent: true },
  4100: { code: "cancelled", permanent: true },
  4101: { code: "expired", permanent: true },
  4102: { code: "not_sent" },
};

const byReason = new Map(
  Object.entries(codes)
    .map(([id, { code }]) => [code, Number(id)])
    .toReversed() as [FailureCode, number][],
);

/** The id of the error that names this reason; undefined where none does. */
export const errorIdOf = (code: FailureCode): number | undefined => byReason.get(code);

/** Error codes that mean a status of their own, though their group does not show it. */
const statuses: Readonly<Record<number, StatusReading["status"]>> = { 4100: "CANCELLED", 4101: "EXPIRED" };

/** Codes that only repeat the status; a more specific error code replaces them. */
const general: ReadonlySet<FailureCode> = new Set<FailureCode>(["undelivered", "rejected_by_carrier"]);

/**
 * Adds the error's reason to a failed status. A missing error means nothing, since reports of failures may
 * lack it too.
 */
export function withError(reading: StatusReading, error: ErrorObject | undefined): StatusReading {
  const { failure } = reading;
  if (!failure || !error || isNone(error)) return reading;
  const { id = -1, name, description, permanent } = error;
  const status = statuses[id] ?? reading.status;
  const isGeneral = status !== reading.status || general.has(failure.code);
  const entry = isGeneral ? codes[id] : undefined;
  const named = [name, ...(id === -1 ? [] : [`error ${id}`])].filter((part) => part !== undefined).join(", ");
  return {
    status,
    failure: {
      code: entry?.code ?? failure.code,
      text: `${failure.text} – ${description ?? ""} (${named})`,
      permanent: permanent ?? (entry ? (entry.permanent ?? false) : failure.permanent),
    },
  };
}

/** Group 0 is `OK`, in places spelled `Ok`. */
function isNone({ groupId, id, name }: ErrorObject): boolean {
  return id === 0 || (id === undefined && (groupId === 0 || name === undefined || /^no_error$/i.test(name)));
}
