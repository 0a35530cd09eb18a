import type { FailureCode } from "../failure-codes.ts";
import type { MessageFailure, ReportedStatus } from "../provider.ts";
import { failureReader } from "../wire/status.ts";
import type { StatusObject } from "./wire.ts";

/**
 * A status by its id. Group and name must match as well, since ids changed between versions of the platform.
 */
interface KnownStatus {
  group: number;
  names: readonly string[];
  status: ReportedStatus;
  /** The failure code, when the status names a known reason. */
  code?: FailureCode;
  /** True when sending the same message again cannot help. Default false. */
  permanent?: true;
}

/** The status that means: a message with this id was accepted before, and this one was not. */
export const duplicateCode = "duplicate_message_id";

/** The statuses that mean: the account is empty, or its package is used up. */
export const noCreditCode = "no_credit";

/** The platform's status tables, older and newer. Id 26 is the only one in the Qikli documentation itself. */
const known: Readonly<Record<number, KnownStatus>> = {
  0: { group: 0, names: ["MESSAGE_ACCEPTED"], status: "SUBMITTED" },
  1: { group: 1, names: ["PENDING_TIME_VIOLATION"], status: "SUBMITTED" },
  // Not final, although its group is DELIVERED: only the operator has the message.
  2: { group: 3, names: ["DELIVERED_TO_OPERATOR"], status: "SENT" },
  3: { group: 1, names: ["PENDING_WAITING_DELIVERY"], status: "SENT" },
  4: { group: 2, names: ["UNDELIVERABLE_REJECTED_OPERATOR"], ...refused("rejected_by_carrier") },
  5: { group: 3, names: ["DELIVERED_TO_HANDSET"], status: "DELIVERED" },
  6: { group: 5, names: ["REJECTED_NETWORK"], ...refused("network_not_allowed") },
  7: { group: 1, names: ["PENDING_ENROUTE"], status: "SENT" },
  8: { group: 5, names: ["REJECTED_PREFIX_MISSING"], ...refused("invalid_number") },
  9: { group: 2, names: ["UNDELIVERABLE_NOT_DELIVERED"], status: "UNDELIVERED" },
  10: { group: 5, names: ["REJECTED_DND"], ...refused("recipient_blocked") },
  11: { group: 5, names: ["REJECTED_SOURCE"], ...refused("invalid_sender") },
  12: { group: 5, names: ["REJECTED_NOT_ENOUGH_CREDITS"], status: "REJECTED", code: noCreditCode },
  13: { group: 5, names: ["REJECTED_SENDER"], ...refused("invalid_sender") },
  14: {
    group: 5,
    names: ["REJECTED_DESTINATION", "REJECTED_DESTINATION_BLOCKLISTED"],
    ...refused("recipient_blocked"),
  },
  15: { group: 4, names: ["EXPIRED_EXPIRED"], status: "EXPIRED" },
  16: { group: 5, names: ["REJECTED_NOT_REACHABLE"], status: "REJECTED", code: "not_reachable" },
  17: { group: 5, names: ["REJECTED_PREPAID_PACKAGE_EXPIRED"], status: "REJECTED", code: noCreditCode },
  18: { group: 5, names: ["REJECTED_DESTINATION_NOT_REGISTERED"], ...refused("recipient_not_registered") },
  19: { group: 5, names: ["REJECTED_ROUTE_NOT_AVAILABLE"], ...refused("no_rate") },
  20: { group: 5, names: ["REJECTED_FLOODING_FILTER"], status: "REJECTED", code: "flooding" },
  21: { group: 5, names: ["REJECTED_SYSTEM_ERROR"], status: "FAILED", code: "provider_error" },
  22: { group: 4, names: ["EXPIRED_UNKNOWN"], status: "EXPIRED" },
  23: { group: 5, names: ["REJECTED_DUPLICATE_MESSAGE_ID"], ...refused(duplicateCode) },
  24: { group: 5, names: ["REJECTED_INVALID_UDH"], ...refused("invalid_request") },
  25: { group: 5, names: ["REJECTED_MESSAGE_TOO_LONG"], ...refused("text_too_long") },
  26: { group: 1, names: ["MESSAGE_ACCEPTED", "PENDING_ACCEPTED"], status: "SUBMITTED" },
  29: { group: 4, names: ["EXPIRED_DLR_UNKNOWN"], status: "EXPIRED" },
  31: { group: 2, names: ["UNDELIVERABLE_NOT_SENT"], status: "FAILED", code: "not_sent" },
  51: { group: 5, names: ["MISSING_TO"], ...refused("invalid_number") },
  52: { group: 5, names: ["REJECTED_DESTINATION"], ...refused("invalid_number") },
  // Also listed in group 4; the name decides.
  87: { group: 5, names: ["SIGNALS_BLOCKED"], ...refused("rejected_by_provider") },
  100: { group: 5, names: ["UNDELIVERABLE_REJECTED_PLATFORM"], ...refused("rejected_by_provider") },
};

/** Of several ids for one reason, the first. */
const byReason = new Map(
  Object.entries(known)
    .toReversed()
    .flatMap(([id, { status, code }]) => (code ? [[`${status} ${code}`, Number(id)]] : [])),
);

/** The id of the status that names this reason; undefined where none does. */
export const statusIdOf = (status: string, code: FailureCode | undefined): number | undefined =>
  byReason.get(`${status} ${code}`);

function refused(code: FailureCode): Pick<KnownStatus, "status" | "code" | "permanent"> {
  return { status: "REJECTED", code, permanent: true };
}

/** The six groups that the Qikli documentation describes, by id. */
const groups = [
  "SUBMITTED",
  "SUBMITTED",
  "UNDELIVERED",
  "DELIVERED",
  "EXPIRED",
  "REJECTED",
] as const satisfies readonly ReportedStatus[];

const groupNames = ["ACCEPTED", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED"];

export interface StatusReading {
  status: ReportedStatus;
  failure?: MessageFailure;
}

const failureOf = failureReader("Qikli");

/**
 * Reads a status by id and name; otherwise by its group's id or name; otherwise UNKNOWN. Never by the status
 * name alone.
 */
export function readStatus(object: StatusObject): StatusReading {
  const entry = findKnown(object);
  const status = entry?.status ?? statusOfGroup(object);
  const usual = failureOf(status);
  if (!usual) return { status };
  const text = [object.description, object.action].filter((said) => said !== undefined).join(" – ");
  return {
    status,
    failure: {
      code: entry?.code ?? usual.code,
      text: text === "" ? usual.text : text,
      permanent: entry?.code === undefined ? usual.permanent : (entry.permanent ?? false),
    },
  };
}

function findKnown({ id, name, groupId }: StatusObject): KnownStatus | undefined {
  const entry = id === undefined ? undefined : known[id];
  if (!entry) return undefined;
  // Id 2 counts under any name: taking it for a final status would be a lasting mistake.
  if (id === 2 && groupId === entry.group) return entry;
  if (name === undefined) return groupId === undefined || groupId === entry.group ? entry : undefined;
  return entry.names.includes(name.trim().toUpperCase()) ? entry : undefined;
}

function statusOfGroup({ groupId, groupName }: StatusObject): ReportedStatus {
  const word = groupName?.trim().toUpperCase() ?? "";
  const byId = groupId === undefined ? undefined : groups[groupId];
  // Newer versions call the first group OK.
  return byId ?? groups[word === "OK" ? 0 : groupNames.indexOf(word)] ?? "UNKNOWN";
}
