/**
 * The stable codes for why messages fail. Routing and breakers act on this one table, and `docs/errors.md` is
 * printed from it. The adapters map each provider's own words onto these codes.
 */

/** Who is at fault for a failure; this decides what happens next. */
export const faults = {
  CONNECTION: "The connection to the provider: no message goes through until it is mended.",
  PROVIDER: "The provider or the account with it: another provider may well take the message.",
  MESSAGE:
    "The message: its text, its sender or how it was asked for. Another provider would refuse it, too.",
  RECIPIENT: "The recipient's number, phone or wishes.",
  NETWORK: "The mobile network, or the cause is unknown.",
} as const;

export type Fault = keyof typeof faults;

interface FailureKind {
  /** The meaning in one sentence. */
  text: string;
  /**
   * The usual value of `MessageFailure.permanent`: true when sending the same message again cannot help. A
   * single failure may differ.
   */
  permanent: boolean;
  fault: Fault;
}

export const failureCodes = {
  provider_unauthenticated: {
    text: "The provider does not accept the credentials.",
    permanent: false,
    fault: "CONNECTION",
  },
  provider_misconfigured: {
    text: "The provider's API is not where the connection says.",
    permanent: false,
    fault: "CONNECTION",
  },
  provider_forbidden: {
    text: "The provider does not let this account do it.",
    permanent: false,
    fault: "PROVIDER",
  },
  provider_refused: { text: "The provider refused the request.", permanent: false, fault: "PROVIDER" },
  provider_error: { text: "Something failed at the provider.", permanent: false, fault: "PROVIDER" },
  invalid_callback_url: {
    text: "The provider does not take the address for receipts.",
    permanent: false,
    fault: "PROVIDER",
  },
  invalid_sender: { text: "The provider does not take the sender.", permanent: true, fault: "PROVIDER" },
  network_not_allowed: {
    text: "The provider may not send to the recipient's network.",
    permanent: true,
    fault: "PROVIDER",
  },
  no_rate: {
    text: "The provider has no rate or route to the destination.",
    permanent: true,
    fault: "PROVIDER",
  },

  invalid_request: {
    text: "The provider found a value that it does not take.",
    permanent: true,
    fault: "MESSAGE",
  },
  invalid_text: { text: "The provider does not take the text.", permanent: true, fault: "MESSAGE" },
  text_refused: { text: "The provider does not let this text through.", permanent: true, fault: "MESSAGE" },
  text_too_long: { text: "The text is longer than the provider takes.", permanent: true, fault: "MESSAGE" },
  message_too_long: {
    text: "The message is longer than the provider takes.",
    permanent: true,
    fault: "MESSAGE",
  },
  duplicate_message_id: { text: "The provider has the message already.", permanent: true, fault: "MESSAGE" },
  rejected_by_provider: {
    text: "The provider rejected the message for a reason that it does not name.",
    permanent: false,
    fault: "MESSAGE",
  },
  cancelled: { text: "The message was cancelled at the provider.", permanent: true, fault: "MESSAGE" },

  invalid_number: { text: "The number cannot get an SMS.", permanent: true, fault: "RECIPIENT" },
  recipient_blocked: {
    text: "The recipient is blocked, or has opted out.",
    permanent: true,
    fault: "RECIPIENT",
  },
  recipient_not_registered: {
    text: "The account may send to registered numbers only, and this is none.",
    permanent: true,
    fault: "RECIPIENT",
  },
  unknown_subscriber: { text: "The network knows no such number.", permanent: true, fault: "RECIPIENT" },
  illegal_subscriber: {
    text: "The network does not serve this number.",
    permanent: true,
    fault: "RECIPIENT",
  },
  call_barred: { text: "The number is barred from getting SMS.", permanent: false, fault: "RECIPIENT" },
  absent_subscriber: { text: "The phone is off, or out of reach.", permanent: false, fault: "RECIPIENT" },
  subscriber_busy: { text: "The phone was busy.", permanent: false, fault: "RECIPIENT" },
  memory_full: { text: "The phone has no room for messages.", permanent: false, fault: "RECIPIENT" },
  not_reachable: { text: "The recipient cannot be reached.", permanent: false, fault: "RECIPIENT" },
  suppressed: {
    text: "The number is on the account's list of those that are not to be texted.",
    permanent: true,
    fault: "RECIPIENT",
  },
  flooding: {
    text: "The recipient got too many messages within a short time.",
    permanent: false,
    fault: "RECIPIENT",
  },

  no_credit: { text: "The account with the provider is empty.", permanent: false, fault: "PROVIDER" },
  not_accepted: {
    text: "The provider did not take the message in all attempts.",
    permanent: false,
    fault: "PROVIDER",
  },
  provider_unavailable: {
    text: "The provider was disconnected or could not be used.",
    permanent: false,
    fault: "PROVIDER",
  },
  not_sent: { text: "The provider did not send the message on.", permanent: false, fault: "NETWORK" },
  skipped: { text: "The provider skipped the message.", permanent: false, fault: "NETWORK" },
  rejected_by_carrier: { text: "The carrier rejected the message.", permanent: true, fault: "NETWORK" },
  undelivered: { text: "The message could not be delivered.", permanent: false, fault: "NETWORK" },
  delivery_failure: {
    text: "The network failed to deliver the message.",
    permanent: false,
    fault: "NETWORK",
  },
  system_failure: { text: "Something failed in the network.", permanent: false, fault: "NETWORK" },
  waiting_list_full: {
    text: "The network's queue for the phone is full.",
    permanent: false,
    fault: "NETWORK",
  },
  timeout: { text: "The network did not answer in time.", permanent: false, fault: "NETWORK" },
  expired: {
    text: "The validity period ended before the message was delivered.",
    permanent: true,
    fault: "NETWORK",
  },
  failed: { text: "The provider failed to send the message.", permanent: false, fault: "NETWORK" },
  settled_by_hand: {
    text: "A person settled it, without word from the provider.",
    permanent: false,
    fault: "NETWORK",
  },
  unknown_error: { text: "The reason is not known.", permanent: true, fault: "NETWORK" },
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof failureCodes;

export const faultOf = (code: FailureCode): Fault => failureCodes[code].fault;

/** A stored code. One that this version does not know counts as no code. */
export const storedFailureCode = (code: string): FailureCode =>
  Object.hasOwn(failureCodes, code) ? (code as FailureCode) : "unknown_error";
