import type { TextEncoding } from "../../sms/text.ts";
import type { MessagePriority } from "../model/priority.ts";
import type { DuplicatePolicy } from "../model/stored-route.ts";

/** One of the APIs of other vendors that are served. */
export type ServedApi = "TIKOSMS" | "TONKRA" | "TELEKOM" | "QIKLI";

/** By which served API a message comes, and what that API has to know of it later. */
export interface ServedAs {
  api: ServedApi;
  /** The id by which that API will know it; absent: ours. */
  vendorId?: string;
  /** The id of the request that it comes in. */
  groupId?: string;
  /** Where its receipts are posted. */
  callbackUrl?: string | null;
  /** What else has to be in its receipts. */
  details?: Readonly<Record<string, unknown>>;
}

/** What a caller wants to send; ids are our own (UUIDs), not the API's. */
export interface SendInput {
  to: string;
  text: string;
  from?: string | null | undefined;
  providerId?: string | null | undefined;
  clientRef?: string | null | undefined;
  scheduledAt?: Date | null | undefined;
  validityMinutes?: number | null | undefined;
  priority?: MessagePriority | null | undefined;
  flash?: boolean | null | undefined;
  encoding?: "AUTO" | TextEncoding | null | undefined;
  cadenceGroupId?: string | null | undefined;
  dltTemplateId?: string | null | undefined;
  duplicatePolicy?: DuplicatePolicy | null | undefined;
  /** As a client gave it. */
  idempotencyKey?: string | null | undefined;
  /** A name of ours for what may be sent once, in place of a client's key. Not in the API. */
  ownKey?: string | undefined;
  /** The STOP that it confirms: such a message goes out although its recipient is on the list. Not in the API. */
  answers?: string | undefined;
  /** Not in the GraphQL API. */
  served?: ServedAs | undefined;
}

/** The text of a message as it will be sent. */
export interface Content {
  text: string;
  encoding: TextEncoding;
  segments: number;
  /** The caller asked for UCS-2 although GSM-7 would do. */
  forcesUnicode: boolean;
}
