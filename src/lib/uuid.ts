import { randomUUIDv7 } from "node:crypto";

/**
 * A new message id: UUID version 7, so that the order of ids is the order of acceptance, pages are cut by id
 * alone, and the id says when it was made.
 */
export function newMessageId(createdAt: Date): string {
  const random = randomUUIDv7();
  return stamp(createdAt) + random.slice(13);
}

/** The smallest id of this millisecond: ids from it on were made at or after that time. */
export function firstMessageIdAt(time: Date): string {
  return `${stamp(time)}-7000-8000-000000000000`;
}

/** Behind every id made before that time, and before every one made at or after it. */
export const behindIdsBefore = (time: Date): string => `${stamp(time)}-0000-0000-000000000000`;

function stamp(time: Date): string {
  const milliseconds = Math.max(0, time.getTime()).toString(16).padStart(12, "0");
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}`;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID as we write it (lower case). */
export const isUuid = (text: string): boolean => uuid.test(text);

/**
 * A provider's id as it is stored and compared: without white space around it, and a UUID in lower case, since
 * providers write one and the same id differently in an answer, a look-up and a receipt.
 */
export function canonicalId(id: string): string {
  const trimmed = id.trim();
  const lowerCase = trimmed.toLowerCase();
  return isUuid(lowerCase) ? lowerCase : trimmed;
}

const maxIdLength = 255;

/**
 * A provider's id as it is stored; null when there is none. One too long for an index is no use, and would keep
 * everything that is stored with it from being stored.
 */
export const indexableId = (id: string | undefined): string | null =>
  id !== undefined && id.length <= maxIdLength ? canonicalId(id) : null;
