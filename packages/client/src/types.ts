import type { MessageEventsSubscription, SendMutation } from "./operations.ts";

export type {
  CampaignFieldsFragment as CampaignFields,
  MessageEventFieldsFragment as MessageEventFields,
  MessageEventFilter,
  MessageFieldsFragment as MessageFields,
  MessageStatus,
  SendMessageInput,
} from "./operations.ts";

/** What `send` answers: the message as stored, or one of the API's typed errors. */
export type SendResult = SendMutation["sendMessage"];

type Frame = MessageEventsSubscription["messageEvents"];

export type StreamResetReason = Extract<Frame, { reason: unknown }>["reason"];
