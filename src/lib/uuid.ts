import { randomUUIDv7 } from "node:crypto";

/**
 * A new message id, as UUID version 7. Ids are in the order of acceptance, pages are cut by id alone, and the
 * id contains its creation time.
 */
export function newMessageId(createdAt: Date): string {
  const random = randomUUIDv7();
  return stamp(createdAt) + random.slice(13);
}

/** The smallest id of this millisecond: ids from here on were made at or after that time. */
export function firstMessageIdAt(time: Date): string {
  return `${stamp(time)}-7000-8000-000000000000`;
}

/** Sorts after every id made before that time, and before every id made at or after it. */
export const behindIdsBefore = (time: Date): string => `${stamp(time)}-0000-0000-000000000000`;

function stamp(time: Date): string {
  const milliseconds = Math.max(0, time.getTime()).toString(16).padStart(12, "0");
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}`;
}

/** Sorts before every other UUID. */
export const minUuid = "00000000-0000-0000-0000-000000000000";

/** Sorts after every other UUID. */
export const maxUuid = "ffffffff-ffff-ffff-ffff-ffffffffffff";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in lower case, the form we write. */
export const isUuid = (text: string): boolean => uuid.test(text);

/**
 * A provider's id in the form that is stored and compared: trimmed, and in lower case if it is a UUID.
 * Providers write the same id differently in an answer, a look-up and a receipt.
 */
export function canonicalId(id: string): string {
  const trimmed = id.trim();
  const lowerCase = trimmed.toLowerCase();
  return isUuid(lowerCase) ? lowerCase : trimmed;
}

const maxIdLength = 255;

/**
 * A provider's id for an indexed column; null when there is none. An id too long for an index is dropped: it
 * would keep everything else in its row from being stored.
 */
export const indexableId = (id: string | undefined): string | null =>
  id !== undefined && id.length <= maxIdLength ? canonicalId(id) : null;
