/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** Whether a message may go to another provider when the first one may have it. */
export type DuplicatePolicy =
  /** It goes on at once: the recipient may get it twice, and will hardly miss it. Only for messages without a `providerId`. */
  | 'ALLOW_POSSIBLE_DUPLICATE'
  /** It waits until the provider's own means or a receipt have shown the truth. */
  | 'NEVER';

/** What went wrong, as a stable word for programs. */
export type ErrorCode =
  /** The request is not valid GraphQL for this schema. */
  | 'BAD_REQUEST'
  /** The campaign has ended, or its recipients still come in. */
  | 'CAMPAIGN_ENDED'
  /** The account may not send to the recipient's country. */
  | 'COUNTRY_NOT_ALLOWED'
  /** The API key lacks the scope, or the watch token is for something else. */
  | 'FORBIDDEN'
  /** The idempotency key was used with another input. */
  | 'IDEMPOTENCY_CONFLICT'
  /** Something failed on our side; the id in the message finds it in the log. */
  | 'INTERNAL'
  /** The cursor is not one that smsgraph gave out. */
  | 'INVALID_CURSOR'
  /** The id is not one that smsgraph gave out, or belongs to another type. */
  | 'INVALID_ID'
  /** A value is out of its range or has the wrong form. */
  | 'INVALID_INPUT'
  /** The recipient is not a phone number that can get an SMS. */
  | 'INVALID_PHONE_NUMBER'
  /** The time is in the past or too far ahead. */
  | 'INVALID_SCHEDULE'
  /** The sender is missing, or the provider does not allow it. */
  | 'INVALID_SENDER'
  /** The text is empty, too long, or cannot be encoded as asked. */
  | 'INVALID_TEXT'
  /** It is the account's last key with the ADMIN scope that does not end by itself. */
  | 'LAST_ADMIN_KEY'
  /** The message is no longer in our hands. */
  | 'NOT_CANCELLABLE'
  /** There is no such thing in this account. */
  | 'NOT_FOUND'
  /** None of the recipients can get a message. */
  | 'NO_RECIPIENTS'
  /** No connected provider can carry the message. */
  | 'NO_ROUTE'
  /** Only the hash of a query came, and none are kept: send the query itself. */
  | 'PERSISTED_QUERY_NOT_SUPPORTED'
  /** The query asks for too much at once. */
  | 'QUERY_TOO_COMPLEX'
  /** The message would exceed what the account may spend. */
  | 'SPENDING_CAP_REACHED'
  /** The account has as many connected providers as it may have. */
  | 'TOO_MANY_PROVIDERS'
  /** Too much is under way at once; `retryAfterSeconds` says when to come back. */
  | 'TOO_MANY_REQUESTS'
  /** The socket or the account has too many open subscriptions. */
  | 'TOO_MANY_SUBSCRIPTIONS'
  /** The API key or watch token is missing, unknown, revoked or expired. */
  | 'UNAUTHENTICATED'
  /** The service cannot answer now; try again. */
  | 'UNAVAILABLE'
  /** The provider cannot do what was asked. */
  | 'UNSUPPORTED_FEATURE';

/** Where an event came from. */
export type EventSource =
  /** A call of this API. */
  | 'API'
  /** A receipt that the provider pushed. */
  | 'CALLBACK'
  /** Our own sending. */
  | 'DISPATCH'
  /** The provider, asked because a receipt was overdue. */
  | 'POLL'
  /** The provider, asked because the outcome of a submission was unknown. */
  | 'RECONCILE';

/** Why an event did not change its message. */
export type IgnoredReason =
  /** The message had another final status; the first one stays. */
  | 'ALREADY_FINAL'
  /** One part of a long message has arrived, and others are outstanding. */
  | 'AWAITING_PARTS'
  /** The message had this status already. */
  | 'DUPLICATE'
  /** The message had moved on. */
  | 'LATE'
  /** It is about an earlier attempt with another provider, and says nothing of the one that counts now. */
  | 'OTHER_ATTEMPT';

/** Which of the waiting messages go first. */
export type MessagePriority =
  /** Before everything else: one-time passwords and alarms. */
  | 'HIGH'
  /** After everything else. */
  | 'LOW'
  /** In the order of acceptance. */
  | 'NORMAL';

/** Where a message stands. It only moves forward; a final status stays. */
export type MessageStatus =
  /** Final: cancelled before submission. */
  | 'CANCELLED'
  /** Final: the handset has it. */
  | 'DELIVERED'
  /** Final: its validity period ended before it could be delivered. */
  | 'EXPIRED'
  /** Final: it could not be sent. */
  | 'FAILED'
  /** The request was written and no answer was understood: the provider may or may not have the message. It is never sent again blindly; smsgraph finds out by the provider's own means. */
  | 'OUTCOME_UNKNOWN'
  /** Accepted and stored, waiting for dispatch. */
  | 'QUEUED'
  /** Final: the recipient has read it. */
  | 'READ'
  /** Final: refused by the provider or the operator. */
  | 'REJECTED'
  /** Held by smsgraph until `scheduledAt`. */
  | 'SCHEDULED'
  /** Handed to the operator (an intermediate receipt). Not yet delivered. */
  | 'SENT'
  /** The provider accepted it. */
  | 'SUBMITTED'
  /** The request to the provider is in flight. */
  | 'SUBMITTING'
  /** Final: it could not be delivered. */
  | 'UNDELIVERED'
  /** The provider cannot tell; a later final receipt may still replace it. */
  | 'UNKNOWN';

/** A message to send. */
export type SendMessageInput = {
  /** The cadence group to send through (see `Provider.cadenceGroups`). */
  cadenceGroupId?: string | null | undefined;
  /** Your own reference, 1 to 255 characters. Need not be unique. */
  clientRef?: string | null | undefined;
  /** The template registered with the Indian DLT platform (see `capabilities.dltTemplates`). */
  dltTemplateId?: string | null | undefined;
  /** Whether it may go to another provider when the first may have it; absent: NEVER. */
  duplicatePolicy?: DuplicatePolicy | null | undefined;
  /** Which encoding to use; absent: AUTO. */
  encoding?: TextEncodingChoice | null | undefined;
  /** Show it at once and do not keep it (class 0). */
  flash?: boolean | null | undefined;
  /** The sender the recipient sees; absent: the provider's default sender. */
  from?: string | null | undefined;
  /** Makes a repeat harmless: the same key with the same input returns the same message for 24 hours; with another input it is an `IdempotencyConflictError`. */
  idempotencyKey?: string | null | undefined;
  /** Which of the waiting messages go first. */
  priority?: MessagePriority | null | undefined;
  /** The provider to carry it, and no other; absent: routed by policy. */
  providerId?: string | null | undefined;
  /** When to send it; smsgraph holds it until then, and it can be cancelled. */
  scheduledAt?: string | null | undefined;
  /** The text. Long texts travel in several segments. */
  text: string;
  /** The recipient in international form: `+421 901 000 000`. */
  to: string;
  /** Minutes after which it is no longer worth delivering. */
  validityMinutes?: number | null | undefined;
};

/** Why a stream could not go on from its cursor. */
export type StreamResetReason =
  /** The cursor is from a log that is no longer there: the database was set back. */
  | 'AHEAD_OF_LOG'
  /** The cursor is older than the retained log. */
  | 'EXPIRED';

/** Which encoding a message is to use. */
export type TextEncodingChoice =
  /** GSM-7 when the text fits it, else UCS-2. The text is not changed. */
  | 'AUTO'
  /** GSM-7: characters it lacks are transliterated (`’` to `'`); refused when one cannot be. */
  | 'GSM7'
  /** UCS-2, even when the text fits GSM-7; only with providers that let us choose. */
  | 'UCS2';

export type MessageRowFragment = { id: string, to: string, text: string, status: MessageStatus, isFinal: boolean, version: number, createdAt: string };

export type SendMutationVariables = Exact<{
  input: SendMessageInput;
}>;


export type SendMutation = { sendMessage:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { id: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
   };

export type MessagesQueryVariables = Exact<{ [key: string]: never; }>;


export type MessagesQuery = { messages: { edges: Array<{ node: { id: string, to: string, text: string, status: MessageStatus, isFinal: boolean, version: number, createdAt: string } }> } };

export type TimelineQueryVariables = Exact<{
  id: string;
}>;


export type TimelineQuery = { message: { id: string, to: string, text: string, status: MessageStatus, isFinal: boolean, version: number, createdAt: string, events: { edges: Array<{ node: { id: string, status: MessageStatus, source: EventSource, providerStatus: string | null, applied: boolean, ignoredReason: IgnoredReason | null, receivedAt: string } }> } } | null };

export type WatchSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type WatchSubscription = { messageEvents:
    | { __typename: 'CaughtUp', cursor: string }
    | { __typename: 'MessageEventBatch', cursor: string, events: Array<{ id: string, message: { id: string, to: string, text: string, status: MessageStatus, isFinal: boolean, version: number, createdAt: string } }> }
    | { __typename: 'StreamReset', cursor: string, reason: StreamResetReason }
   };

export const MessageRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MessageRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Message"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"to"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]} as unknown as DocumentNode<MessageRowFragment, unknown>;
export const SendDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"Send"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SendMessageInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sendMessage"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Message"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<SendMutation, SendMutationVariables>;
export const MessagesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Messages"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"messages"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MessageRow"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MessageRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Message"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"to"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]} as unknown as DocumentNode<MessagesQuery, MessagesQueryVariables>;
export const TimelineDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Timeline"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MessageRow"}},{"kind":"Field","name":{"kind":"Name","value":"events"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"providerStatus"}},{"kind":"Field","name":{"kind":"Name","value":"applied"}},{"kind":"Field","name":{"kind":"Name","value":"ignoredReason"}},{"kind":"Field","name":{"kind":"Name","value":"receivedAt"}}]}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MessageRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Message"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"to"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]} as unknown as DocumentNode<TimelineQuery, TimelineQueryVariables>;
export const WatchDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"Watch"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Cursor"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"messageEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"MessageEventBatch"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"events"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"message"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"MessageRow"}}]}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CaughtUp"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"StreamReset"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"MessageRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Message"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"to"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"isFinal"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]} as unknown as DocumentNode<WatchSubscription, WatchSubscriptionVariables>;