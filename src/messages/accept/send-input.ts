import type { TextEncoding } from "../../sms/text.ts";
import type { MessagePriority } from "../model/priority.ts";
import type { DuplicatePolicy } from "../model/stored-route.ts";

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
  idempotencyKey?: string | null | undefined;
}

/** The text of a message as it will be sent. */
export interface Content {
  text: string;
  encoding: TextEncoding;
  segments: number;
  /** The caller asked for UCS-2 although GSM-7 would do. */
  forcesUnicode: boolean;
}
