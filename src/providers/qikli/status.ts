import type { FailureCode } from "../failure-codes.ts";
import type { MessageFailure, ReportedStatus } from "../provider.ts";
import { failureReader } from "../wire/status.ts";
import type { StatusObject } from "./wire.ts";

/** A status by its id. The group and the names must agree: ids alone changed between the platform's versions. */
interface KnownStatus {
  group: number;
  names: readonly string[];
  status: ReportedStatus;
  /** Why, where the status is a failure of a known kind. */
  code?: FailureCode;
  /** Whether sending the same again cannot help; false unless said. */
  permanent?: true;
}

/** The id that says: a message with this message id was accepted before, and this one is not. */
export const duplicateCode = "duplicate_message_id";

/** The ids that say: the account is empty, or its package has run out. */
export const noCreditCode = "no_credit";

/** Qikli: the platform's status tables, older and newer. Id 26 is the one the Qikli documentation itself prints. */
const known: Readonly<Record<number, KnownStatus>> = {
  0: { group: 0, names: ["MESSAGE_ACCEPTED"], status: "SUBMITTED" },
  1: { group: 1, names: ["PENDING_TIME_VIOLATION"], status: "SUBMITTED" },
  // Not final although its group is DELIVERED: only the operator has it.
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
  // Printed in group 4 as well; the name decides.
  87: { group: 5, names: ["SIGNALS_BLOCKED"], ...refused("rejected_by_provider") },
  100: { group: 5, names: ["UNDELIVERABLE_REJECTED_PLATFORM"], ...refused("rejected_by_provider") },
};

function refused(code: FailureCode): Pick<KnownStatus, "status" | "code" | "permanent"> {
  return { status: "REJECTED", code, permanent: true };
}

/** The six groups the Qikli documentation describes, by id. */
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

/** By id and name; else by group, as the group's id or its name has it; else UNKNOWN. Never by the name alone. */
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
  // Whatever a newer version may call it: taking it for final would be wrong for good.
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
