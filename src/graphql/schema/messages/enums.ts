import type { IgnoredReason, MessageStatus } from "../../../messages/model/status.ts";
import type { DuplicatePolicy } from "../../../messages/model/stored-route.ts";
import type { TextEncoding } from "../../../sms/text.ts";
import { builder } from "../builder.ts";
import type { EventSource } from "../../../messages/model/status-change.ts";
import type { MessagePriority } from "../../../messages/model/priority.ts";

type Values<Name extends string> = Record<Name, { description: string }>;

export const MessageStatusEnum = builder.enumType("MessageStatus", {
  description: "Where a message stands. It only moves forward; a final status stays.",
  values: {
    SCHEDULED: { description: "Held by smsgraph until `scheduledAt`." },
    QUEUED: { description: "Accepted and stored, waiting for dispatch." },
    SUBMITTING: { description: "The request to the provider is in flight." },
    OUTCOME_UNKNOWN: {
      description:
        "The request was written and no answer was understood: the provider may or may not have the message. It is " +
        "never sent again blindly; smsgraph finds out by the provider's own means.",
    },
    SUBMITTED: { description: "The provider accepted it." },
    SENT: { description: "Handed to the operator (an intermediate receipt). Not yet delivered." },
    UNKNOWN: { description: "The provider cannot tell; a later final receipt may still replace it." },
    DELIVERED: { description: "Final: the handset has it." },
    READ: { description: "Final: the recipient has read it." },
    UNDELIVERED: { description: "Final: it could not be delivered." },
    EXPIRED: { description: "Final: its validity period ended before it could be delivered." },
    REJECTED: { description: "Final: refused by the provider or the operator." },
    FAILED: { description: "Final: it could not be sent." },
    CANCELLED: { description: "Final: cancelled before submission." },
  } satisfies Values<MessageStatus>,
});

export const TextEncodingEnum = builder.enumType("TextEncoding", {
  description: "How a text travels.",
  values: {
    GSM7: {
      description: "The GSM 7-bit default alphabet: 160 characters in one segment, 153 in each of several.",
    },
    UCS2: { description: "UTF-16: 70 characters in one segment, 67 in each of several." },
  } satisfies Values<TextEncoding>,
});

export const TextEncodingChoice = builder.enumType("TextEncodingChoice", {
  description: "Which encoding a message is to use.",
  values: {
    AUTO: { description: "GSM-7 when the text fits it, else UCS-2. The text is not changed." },
    GSM7: {
      description: "GSM-7: characters it lacks are transliterated (`’` to `'`); refused when one cannot be.",
    },
    UCS2: { description: "UCS-2, even when the text fits GSM-7; only with providers that let us choose." },
  } satisfies Values<"AUTO" | TextEncoding>,
});

export const MessagePriorityEnum = builder.enumType("MessagePriority", {
  description: "Which of the waiting messages go first.",
  values: {
    LOW: { description: "After everything else." },
    NORMAL: { description: "In the order of acceptance." },
    HIGH: { description: "Before everything else: one-time passwords and alarms." },
  } satisfies Values<MessagePriority>,
});

export const DuplicatePolicyEnum = builder.enumType("DuplicatePolicy", {
  description: "Whether a message may go to another provider when the first one may have it.",
  values: {
    NEVER: { description: "It waits until the provider's own means or a receipt have shown the truth." },
    ALLOW_POSSIBLE_DUPLICATE: {
      description:
        "It goes on at once: the recipient may get it twice, and will hardly miss it. Only for messages without a " +
        "`providerId`.",
    },
  } satisfies Values<DuplicatePolicy>,
});

export const MessageDirection = builder.enumType("MessageDirection", {
  description: "Which way a message goes.",
  values: { OUTBOUND: { description: "From us to a phone." } } satisfies Values<"OUTBOUND">,
});

export const EventSourceEnum = builder.enumType("EventSource", {
  description: "Where an event came from.",
  values: {
    API: { description: "A call of this API." },
    DISPATCH: { description: "Our own sending." },
    CALLBACK: { description: "A receipt that the provider pushed." },
    POLL: { description: "The provider, asked because a receipt was overdue." },
    RECONCILE: { description: "The provider, asked because the outcome of a submission was unknown." },
  } satisfies Values<EventSource>,
});

export const IgnoredReasonEnum = builder.enumType("IgnoredReason", {
  description: "Why an event did not change its message.",
  values: {
    DUPLICATE: { description: "The message had this status already." },
    LATE: { description: "The message had moved on." },
    ALREADY_FINAL: { description: "The message had another final status; the first one stays." },
    AWAITING_PARTS: { description: "One part of a long message has arrived, and others are outstanding." },
    OTHER_ATTEMPT: {
      description:
        "It is about an earlier attempt with another provider, and says nothing of the one that counts now.",
    },
  } satisfies Values<IgnoredReason>,
});
