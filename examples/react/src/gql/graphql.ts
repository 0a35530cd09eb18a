/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** Whether a message may go to another provider when the first one may already have it. */
export type DuplicatePolicy =
  /** It goes to another provider at once. The recipient may get it twice, but is unlikely to miss it. Only for messages without a `providerId`. */
  | 'ALLOW_POSSIBLE_DUPLICATE'
  /** It waits until the provider's answer or a receipt shows what happened. */
  | 'NEVER';

/** What went wrong, as a stable word for programs. */
export type ErrorCode =
  /** The account is being deleted. */
  | 'ACCOUNT_DELETING'
  /** The request is not valid GraphQL for this schema. */
  | 'BAD_REQUEST'
  /** The campaign has ended, or its recipients are still being read. */
  | 'CAMPAIGN_ENDED'
  /** The account may not send to the recipient's country. */
  | 'COUNTRY_NOT_ALLOWED'
  /** The API key lacks the scope, or the watch token is for something else. */
  | 'FORBIDDEN'
  /** The idempotency key was used with another input. */
  | 'IDEMPOTENCY_CONFLICT'
  /** An internal error. Search the server's log for the id in the message. */
  | 'INTERNAL'
  /** The cursor did not come from smsgraph. */
  | 'INVALID_CURSOR'
  /** The id did not come from smsgraph, or it is the id of another type. */
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
  /** The key may not send through this provider, as this sender or to this country. */
  | 'KEY_RESTRICTED'
  /** It is the account's last ADMIN key without an expiry or restrictions. */
  | 'LAST_ADMIN_KEY'
  /** The message was already submitted or has ended. */
  | 'NOT_CANCELLABLE'
  /** This account has no object with this id. */
  | 'NOT_FOUND'
  /** None of the recipients can get a message. */
  | 'NO_RECIPIENTS'
  /** No connected provider can carry the message. */
  | 'NO_ROUTE'
  /** The outcome of the message is known, or it has not been given up. */
  | 'OUTCOME_NOT_OPEN'
  /** The request has only the hash of a query. It is not a trusted document: send the query itself. */
  | 'PERSISTED_QUERY_NOT_SUPPORTED'
  /** The query asks for too much at once. */
  | 'QUERY_TOO_COMPLEX'
  /** The account has as much of something as it may have. */
  | 'QUOTA_EXCEEDED'
  /** The recipient is on the list of numbers that are not to be texted. */
  | 'RECIPIENT_SUPPRESSED'
  /** Some recipients of the campaign cannot get the new text, so nothing was changed. */
  | 'ROWS_REFUSED'
  /** The message would exceed what the account may spend. */
  | 'SPENDING_CAP_REACHED'
  /** The account already has the most connected providers allowed. */
  | 'TOO_MANY_PROVIDERS'
  /** Too many operations at once or in a short time; `retryAfterSeconds` says when to try again. */
  | 'TOO_MANY_REQUESTS'
  /** The socket or the account has too many open subscriptions. */
  | 'TOO_MANY_SUBSCRIPTIONS'
  /** The account already has the most webhooks allowed. */
  | 'TOO_MANY_WEBHOOKS'
  /** The API key or watch token is missing, unknown, revoked or expired. */
  | 'UNAUTHENTICATED'
  /** The service cannot answer now; try again. */
  | 'UNAVAILABLE'
  /** The provider cannot do what was asked. */
  | 'UNSUPPORTED_FEATURE'
  /** The document is not among the trusted ones, and nothing else is executed. */
  | 'UNTRUSTED_DOCUMENT'
  /** It was changed since you read it. */
  | 'VERSION_CONFLICT';

/** The source of an event. */
export type EventSource =
  /** A call to this API. */
  | 'API'
  /** A receipt that the provider sent. */
  | 'CALLBACK'
  /** Sending by smsgraph. */
  | 'DISPATCH'
  /** A status query to the provider, because a receipt was overdue. */
  | 'POLL'
  /** A status query to the provider, because the outcome of a submission was unknown. */
  | 'RECONCILE';

/** Why an event did not change its message. */
export type IgnoredReason =
  /** The message already had another final status; the first one stays. */
  | 'ALREADY_FINAL'
  /** This is about one part of a long message, and other parts are outstanding. */
  | 'AWAITING_PARTS'
  /** The message already had this status. */
  | 'DUPLICATE'
  /** The message already had a later status. */
  | 'LATE'
  /** It is about an earlier attempt with another provider and does not affect the current one. */
  | 'OTHER_ATTEMPT';

/** Which waiting messages are sent first. */
export type MessagePriority =
  /** Before everything else: one-time passwords and alarms. */
  | 'HIGH'
  /** After everything else. */
  | 'LOW'
  /** In the order of acceptance. */
  | 'NORMAL';

/** The status of a message. It only moves forward, and a final status never changes. */
export type MessageStatus =
  /** Final: cancelled before submission. */
  | 'CANCELLED'
  /** Final: the phone received it. */
  | 'DELIVERED'
  /** Final: its validity period ended before it could be delivered. */
  | 'EXPIRED'
  /** Final: it could not be sent. */
  | 'FAILED'
  /** The request was sent but there was no clear answer: the provider may or may not have the message. It is never sent again blindly; smsgraph asks the provider what became of it. */
  | 'OUTCOME_UNKNOWN'
  /** Accepted and stored, waiting for dispatch. */
  | 'QUEUED'
  /** Final: the recipient has read it. */
  | 'READ'
  /** Final: a message from a person to you. No other message has this status. */
  | 'RECEIVED'
  /** Final: refused by the provider or the operator. */
  | 'REJECTED'
  /** Held by smsgraph until `scheduledAt`. */
  | 'SCHEDULED'
  /** Handed to the operator (an intermediate receipt). Not yet delivered. */
  | 'SENT'
  /** The provider accepted it. */
  | 'SUBMITTED'
  /** The request to the provider is running. */
  | 'SUBMITTING'
  /** Final: it could not be delivered. */
  | 'UNDELIVERED'
  /** The provider does not know; a later final receipt can still replace this. */
  | 'UNKNOWN';

/** A message to send. */
export type SendMessageInput = {
  /** The cadence group to send through (see `Provider.cadenceGroups`). */
  cadenceGroupId?: string | null | undefined;
  /** Your own reference, 1 to 255 characters. It need not be unique. */
  clientRef?: string | null | undefined;
  /** The template registered with the Indian DLT platform (see `capabilities.dltTemplates`). */
  dltTemplateId?: string | null | undefined;
  /** Whether it may go to another provider when the first may already have it; absent: NEVER. */
  duplicatePolicy?: DuplicatePolicy | null | undefined;
  /** Which encoding to use; absent: AUTO. */
  encoding?: TextEncodingChoice | null | undefined;
  /** Show it at once and do not store it (class 0). */
  flash?: boolean | null | undefined;
  /** The sender that the recipient sees; absent: the provider's default sender. */
  from?: string | null | undefined;
  /** Makes it safe to repeat a request. For 24 hours, the same key with the same input returns the same message; with other input it is an `IdempotencyConflictError`. */
  idempotencyKey?: string | null | undefined;
  /** Which waiting messages are sent first. */
  priority?: MessagePriority | null | undefined;
  /** The only provider to use; absent: the message is routed. */
  providerId?: string | null | undefined;
  /** When to send it. Until then smsgraph holds it, and it can be cancelled. */
  scheduledAt?: string | null | undefined;
  /** The text. Long texts are sent in several segments. */
  text: string;
  /** The recipient in international form: `+421 901 000 000`. */
  to: string;
  /** Validity period in minutes. After it, the message is no longer submitted, nor delivered by a provider that has such a period (see `capabilities.longestValidityMinutes`). */
  validityMinutes?: number | null | undefined;
};

/** Why a stream could not resume from its cursor. */
export type StreamResetReason =
  /** The cursor is ahead of the log: the database was restored to an earlier state. */
  | 'AHEAD_OF_LOG'
  /** The cursor is older than the stored log. */
  | 'EXPIRED';

/** Which encoding a message should use. */
export type TextEncodingChoice =
  /** GSM-7 when the text fits it, otherwise UCS-2. The text is not changed. */
  | 'AUTO'
  /** GSM-7. Other characters are transliterated (`’` to `'`); the message is refused if that is impossible. */
  | 'GSM7'
  /** UCS-2, even when the text fits GSM-7. Only for providers that allow the choice. */
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
    | { code: ErrorCode, message: string }
    | { id: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
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