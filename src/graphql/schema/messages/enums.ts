import type { IgnoredReason, MessageStatus } from "../../../messages/model/status.ts";
import type { DuplicatePolicy } from "../../../messages/model/stored-route.ts";
import type { TextEncoding } from "../../../sms/text.ts";
import { builder } from "../builder.ts";
import type { EventSource } from "../../../messages/model/status-change.ts";
import type { MessagePriority } from "../../../messages/model/priority.ts";

type Values<Name extends string> = Record<Name, { description: string }>;

export const MessageStatusEnum = builder.enumType("MessageStatus", {
  description: "The status of a message. It only moves forward, and a final status never changes.",
  values: {
    SCHEDULED: { description: "Held by smsgraph until `scheduledAt`." },
    QUEUED: { description: "Accepted and stored, waiting for dispatch." },
    SUBMITTING: { description: "The request to the provider is running." },
    OUTCOME_UNKNOWN: {
      description:
        "The request was sent but there was no clear answer: the provider may or may not have the message. It is " +
        "never sent again blindly; smsgraph asks the provider what became of it.",
    },
    SUBMITTED: { description: "The provider accepted it." },
    SENT: { description: "Handed to the operator (an intermediate receipt). Not yet delivered." },
    UNKNOWN: { description: "The provider does not know; a later final receipt can still replace this." },
    DELIVERED: { description: "Final: the phone received it." },
    READ: { description: "Final: the recipient has read it." },
    UNDELIVERED: { description: "Final: it could not be delivered." },
    EXPIRED: { description: "Final: its validity period ended before it could be delivered." },
    REJECTED: { description: "Final: refused by the provider or the operator." },
    FAILED: { description: "Final: it could not be sent." },
    CANCELLED: { description: "Final: cancelled before submission." },
    RECEIVED: { description: "Final: a message from a person to you. No other message has this status." },
  } satisfies Values<MessageStatus>,
});

export const TextEncodingEnum = builder.enumType("TextEncoding", {
  description: "The encoding of a text.",
  values: {
    GSM7: {
      description: "The GSM 7-bit default alphabet: 160 characters in one segment, 153 in each of several.",
    },
    UCS2: { description: "UTF-16: 70 characters in one segment, 67 in each of several." },
  } satisfies Values<TextEncoding>,
});

export const TextEncodingChoice = builder.enumType("TextEncodingChoice", {
  description: "Which encoding a message should use.",
  values: {
    AUTO: { description: "GSM-7 when the text fits it, otherwise UCS-2. The text is not changed." },
    GSM7: {
      description:
        "GSM-7. Other characters are transliterated (`’` to `'`); the message is refused if that is impossible.",
    },
    UCS2: { description: "UCS-2, even when the text fits GSM-7. Only for providers that allow the choice." },
  } satisfies Values<"AUTO" | TextEncoding>,
});

export const MessagePriorityEnum = builder.enumType("MessagePriority", {
  description: "Which waiting messages are sent first.",
  values: {
    LOW: { description: "After everything else." },
    NORMAL: { description: "In the order of acceptance." },
    HIGH: { description: "Before everything else: one-time passwords and alarms." },
  } satisfies Values<MessagePriority>,
});

export const DuplicatePolicyEnum = builder.enumType("DuplicatePolicy", {
  description: "Whether a message may go to another provider when the first one may already have it.",
  values: {
    NEVER: { description: "It waits until the provider's answer or a receipt shows what happened." },
    ALLOW_POSSIBLE_DUPLICATE: {
      description:
        "It goes to another provider at once. The recipient may get it twice, but is unlikely to miss it. Only for messages without a " +
        "`providerId`.",
    },
  } satisfies Values<DuplicatePolicy>,
});

export const MessageDirection = builder.enumType("MessageDirection", {
  description: "The direction of a message.",
  values: {
    OUTBOUND: { description: "From smsgraph to a phone." },
    INBOUND: { description: "From a person to you." },
  } satisfies Values<"OUTBOUND" | "INBOUND">,
});

export const EventSourceEnum = builder.enumType("EventSource", {
  description: "The source of an event.",
  values: {
    API: { description: "A call to this API." },
    DISPATCH: { description: "Sending by smsgraph." },
    CALLBACK: { description: "A receipt that the provider sent." },
    POLL: { description: "A status query to the provider, because a receipt was overdue." },
    RECONCILE: {
      description: "A status query to the provider, because the outcome of a submission was unknown.",
    },
  } satisfies Values<EventSource>,
});

export const IgnoredReasonEnum = builder.enumType("IgnoredReason", {
  description: "Why an event did not change its message.",
  values: {
    DUPLICATE: { description: "The message already had this status." },
    LATE: { description: "The message already had a later status." },
    ALREADY_FINAL: { description: "The message already had another final status; the first one stays." },
    AWAITING_PARTS: {
      description: "This is about one part of a long message, and other parts are outstanding.",
    },
    OTHER_ATTEMPT: {
      description:
        "It is about an earlier attempt with another provider and does not affect the current one.",
    },
  } satisfies Values<IgnoredReason>,
});
