/** The status object of the vendor's answers and reports. */
export interface QikliStatus {
  groupId: number;
  groupName: string;
  id: number;
  name: string;
  description: string;
}

export interface QikliError extends QikliStatus {
  permanent: boolean;
}

const group = (groupId: number, groupName: string) => (id: number, name: string, description: string) => ({
  groupId,
  groupName,
  id,
  name,
  description,
});

const pending = group(1, "PENDING");
const undeliverable = group(2, "UNDELIVERABLE");
const delivered = group(3, "DELIVERED");
const expired = group(4, "EXPIRED");
const rejected = group(5, "REJECTED");

/**
 * Rows of the platform's status tables; `accepted` and `deliveredToHandset` as in the vendor's documentation.
 */
export const statuses = {
  accepted: pending(26, "MESSAGE_ACCEPTED", "Message sent to next instance"),
  acceptedOld: group(0, "ACCEPTED")(0, "MESSAGE_ACCEPTED", "Message accepted"),
  acceptedNew: pending(26, "PENDING_ACCEPTED", "Message sent to next instance"),
  enroute: pending(7, "PENDING_ENROUTE", "Message sent to next instance"),
  deliveredToOperator: delivered(2, "DELIVERED_TO_OPERATOR", "Message delivered to operator"),
  deliveredToHandset: delivered(5, "DELIVERED_TO_HANDSET", "Message delivered to handset"),
  rejectedByOperator: undeliverable(4, "UNDELIVERABLE_REJECTED_OPERATOR", "Message rejected by operator"),
  notDelivered: undeliverable(9, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"),
  expired: expired(15, "EXPIRED_EXPIRED", "Message expired"),
  prefixMissing: rejected(8, "REJECTED_PREFIX_MISSING", "Number prefix missing"),
  noCredit: rejected(12, "REJECTED_NOT_ENOUGH_CREDITS", "Not enough credits"),
  sender: rejected(13, "REJECTED_SENDER", "Sender is not allowed"),
  noRoute: rejected(19, "REJECTED_ROUTE_NOT_AVAILABLE", "No route available for the destination"),
  flooding: rejected(20, "REJECTED_FLOODING_FILTER", "Too many messages to this number"),
  systemError: rejected(21, "REJECTED_SYSTEM_ERROR", "System error"),
  duplicate: rejected(23, "REJECTED_DUPLICATE_MESSAGE_ID", "Message id is not unique"),
  tooLong: rejected(25, "REJECTED_MESSAGE_TOO_LONG", "Message is too long"),
  timeViolation: pending(1, "PENDING_TIME_VIOLATION", "Message will be sent at a permitted time"),
  waiting: pending(3, "PENDING_WAITING_DELIVERY", "Message sent, waiting for a delivery report"),
  networkRejected: rejected(6, "REJECTED_NETWORK", "Network is forbidden"),
  doNotDisturb: rejected(10, "REJECTED_DND", "Recipient has asked not to get messages"),
  source: rejected(11, "REJECTED_SOURCE", "Sender is not allowed"),
  notReachable: rejected(16, "REJECTED_NOT_REACHABLE", "Recipient cannot be reached"),
  packageExpired: rejected(17, "REJECTED_PREPAID_PACKAGE_EXPIRED", "Package has expired"),
  notRegistered: rejected(18, "REJECTED_DESTINATION_NOT_REGISTERED", "Destination is not registered"),
  invalidUdh: rejected(24, "REJECTED_INVALID_UDH", "The request has a value that is not allowed"),
  expiredUnknown: expired(22, "EXPIRED_UNKNOWN", "Message expired"),
  expiredReport: expired(29, "EXPIRED_DLR_UNKNOWN", "No delivery report came"),
  notSent: undeliverable(31, "UNDELIVERABLE_NOT_SENT", "Message was not sent"),
  missingTo: rejected(51, "MISSING_TO", "Destination is missing"),
  wrongDestination: rejected(52, "REJECTED_DESTINATION", "Destination is not valid"),
  signalsBlocked: rejected(87, "SIGNALS_BLOCKED", "Message is blocked"),
  platformRejected: rejected(100, "UNDELIVERABLE_REJECTED_PLATFORM", "Message rejected by the platform"),
  blocked: rejected(14, "REJECTED_DESTINATION_BLOCKLISTED", "Destination is on the block list"),
  unheardOf: group(9, "HELD")(900, "HELD_SOMEWHERE", "Message held somewhere"),
} as const satisfies Record<string, QikliStatus>;

const byId = new Map(
  Object.values(statuses)
    .toReversed()
    .map((status) => [status.id, status]),
);

/** A row of the table by its id. */
export function statusById(id: number): QikliStatus {
  const status = byId.get(id);
  if (!status) throw new Error(`The status ${id} is not in the table of what is served`);
  return status;
}

export type StatusName = keyof typeof statuses;

const error =
  (groupId: number, groupName: string) =>
  (id: number, name: string, description: string, permanent: boolean): QikliError => ({
    ...group(groupId, groupName)(id, name, description),
    permanent,
  });

export const errors = {
  none: error(0, "OK")(0, "NO_ERROR", "No Error", false),
  absentSubscriber: error(1, "HANDSET_ERRORS")(27, "EC_ABSENT_SUBSCRIBER", "Absent Subscriber", false),
  callBarred: error(1, "HANDSET_ERRORS")(13, "EC_CALL_BARRED", "Call Barred", false),
  cancelled: error(3, "OPERATOR_ERRORS")(4100, "EC_MESSAGE_CANCELED", "Message canceled", true),
  unknownSubscriber: error(1, "HANDSET_ERRORS")(1, "EC_UNKNOWN_SUBSCRIBER", "Unknown Subscriber", true),
  illegalSubscriber: error(1, "HANDSET_ERRORS")(9, "EC_ILLEGAL_SUBSCRIBER", "Illegal Subscriber", true),
  subscriberBusy: error(1, "HANDSET_ERRORS")(31, "EC_SUBSCRIBER_BUSY_FOR_MT_SMS", "Subscriber busy", false),
  deliveryFailure: error(1, "HANDSET_ERRORS")(32, "EC_SM_DELIVERY_FAILURE", "Delivery failure", false),
  waitingListFull: error(1, "HANDSET_ERRORS")(33, "EC_MESSAGE_WAITING_LIST_FULL", "Waiting list full", false),
  systemFailure: error(1, "HANDSET_ERRORS")(34, "EC_SYSTEM_FAILURE", "System failure", false),
  unknownError: error(1, "HANDSET_ERRORS")(255, "EC_UNKNOWN_ERROR", "Unknown error", true),
  memoryFull: error(1, "HANDSET_ERRORS")(256, "EC_MEMORY_CAPACITY_EXCEEDED", "Memory full", false),
  providerError: error(3, "OPERATOR_ERRORS")(500, "EC_PROVIDER_GENERAL_ERROR", "Provider error", false),
  timeout: error(3, "OPERATOR_ERRORS")(2048, "EC_TIME_OUT", "Timeout", false),
  imsiBlocked: error(1, "HANDSET_ERRORS")(2049, "EC_IMSI_BLACKLISTED", "Recipient is blocked", true),
  numberBlocked: error(1, "HANDSET_ERRORS")(
    2050,
    "EC_DEST_ADDRESS_BLACKLISTED",
    "Recipient is blocked",
    true,
  ),
  invalidPdu: error(3, "OPERATOR_ERRORS")(4096, "EC_INVALID_PDU_FORMAT", "Invalid PDU format", true),
  notSubmitted: error(3, "OPERATOR_ERRORS")(4097, "EC_NOT_SUBMITTED_TO_GMSC", "Not submitted", true),
  notHandled: error(3, "OPERATOR_ERRORS")(4102, "EC_NOTSUBMITTED_TO_SMSC", "Not submitted", false),
  validityExpired: error(3, "OPERATOR_ERRORS")(4101, "EC_VALIDITY_EXPIRED", "Validity period expired", true),
} as const;

const errorsById = new Map(Object.values(errors).map((one) => [one.id, one]));

/** A row of the table of errors by its id; no error for an id that is not in it. */
export const errorById = (id: number): QikliError => errorsById.get(id) ?? errors.none;

export type ErrorName = keyof typeof errors;
